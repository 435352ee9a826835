import { Inject, Logger } from '@nestjs/common';
import { CacheRuntime } from './cache.runtime.js';
import { classNameOf } from './decorated-method.js';
import type { Class, DecoratedMethod } from './decorated-method.js';

const RUNTIME = Symbol('CacheRuntime');

const logger = new Logger('CacheRuntime');
const receivers = new WeakSet<object>();
const warnedOf = new WeakSet<Class>();

/**
 * Has Nest give every instance of the class the runtime of its application, by property injection. Where there is no
 * CacheModule, Nest refuses to boot and shows the name of the property; so that name is a sentence.
 */
export function receiveRuntime({ prototype, label }: DecoratedMethod): void {
  if (receivers.has(prototype)) return;
  receivers.add(prototype);
  const property = Symbol(
    `${label} is cached: add CacheModule.forRoot() to the imports of the root module; CacheRuntime`,
  );
  Object.defineProperty(prototype, property, {
    configurable: true,
    set(this: object, runtime: unknown) {
      // An automatic mock is no runtime.
      if (runtime instanceof CacheRuntime) attachRuntime(this, runtime);
    },
  });
  Inject(CacheRuntime)(prototype, property);
}

/**
 * Gives an instance its runtime, in a property that neither prints nor compares.
 *
 * @throws DuplicateDefaultKeyError
 */
export function attachRuntime(instance: object, runtime: CacheRuntime): void {
  runtime.admit(instance.constructor);
  Object.defineProperty(instance, RUNTIME, { value: runtime, configurable: true, writable: true });
}

/** The runtime of an instance; `undefined`, with one warning per class, when nobody gave it one. */
export function runtimeOf(instance: object | undefined, method: DecoratedMethod): CacheRuntime | undefined {
  const runtime = (instance as { [RUNTIME]?: CacheRuntime } | undefined)?.[RUNTIME];
  if (!runtime) warnOnce(method);
  return runtime;
}

function warnOnce({ declaringClass, label }: DecoratedMethod): void {
  if (warnedOf.has(declaringClass)) return;
  warnedOf.add(declaringClass);
  logger.warn(
    `${label} runs uncached: Nest has not injected this ${classNameOf(declaringClass)}. It was made with \`new\` ` +
      `or by a useFactory, is still in its constructor, or the method was called without it. Let Nest make it, or ` +
      `call attachCache(instance, cacheService).`,
  );
}
