import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { LockModuleExtras, LockModuleOptions } from './lock-module-options.js';

/** `forRoot` and `forRootAsync` of `LockModule`. */
export const { ConfigurableModuleClass: ConfigurableLockModule, MODULE_OPTIONS_TOKEN: LOCK_OPTIONS } =
  new ConfigurableModuleBuilder<LockModuleOptions>({ moduleName: 'Lock' })
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createLockOptions')
    .setExtras<LockModuleExtras>({ isGlobal: true }, (definition, { isGlobal = true }) => ({
      ...definition,
      global: isGlobal,
    }))
    .build();
