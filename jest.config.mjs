import { availableParallelism } from 'node:os';
import { swcOptions } from './tools/swc-options.mjs';

/** @type {import('jest').Config} */
export default {
  roots: ['<rootDir>/libs', '<rootDir>/apps', '<rootDir>/test'],
  testMatch: ['**/*.spec.ts', '**/*.int-spec.ts', '**/*.e2e-spec.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  testEnvironmentOptions: { customExportConditions: ['@nest-strata/source', 'node', 'node-addons'] },
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swcOptions, sourceMaps: 'inline' }] },
  modulePathIgnorePatterns: ['/dist/'],
  globalSetup: '<rootDir>/tools/provision/global-setup.mjs',
  // v8 does not count the halves of a ternary, babel does.
  coverageProvider: 'babel',
  collectCoverageFrom: ['libs/*/src/**/*.ts', '!**/index.ts'],
  coverageReporters: ['text', 'html'],
  coverageThreshold: {
    './libs/engine/src/': { branches: 95 },
    './libs/cache/src/': { branches: 95 },
  },
  testTimeout: 20_000,
  // Most of the time of a suite is waiting: for servers that start, for leases that end.
  maxWorkers: Math.max(2, availableParallelism() - 1),
};
