import { defer, from } from 'rxjs';
import type { MethodDecoratorName } from './cache-decorator.js';
import { classNameOf, DecoratedMethod } from './decorated-method.js';
import type { AnyMethod, CacheOperation } from './decorated-method.js';
import { CACHING_PARTS, problemsOf } from './decorator-option.rules.js';
import { givenOptions } from './given-options.js';
import { InvalidDecoratorError } from './invalid-decorator.error.js';
import { MethodCall } from './method-call.js';
import { declaredReturnOf } from './return-kind.js';
import { receiveRuntime, runtimeOf } from './runtime-slot.js';

interface MethodDescriptor extends TypedPropertyDescriptor<AnyMethod> {
  value: AnyMethod;
}
type UncheckedDecorator = (target: object, propertyKey: string | symbol, descriptor?: PropertyDescriptor) => void;

const methodBehind = new WeakMap<object, DecoratedMethod>();

/**
 * A method decorator that adds the rules of `options` to the method, and wraps it unless another caching decorator has
 * done so: decorators that stand on one method make one wrapper, which runs their rules in one order.
 */
export function decorateMethod(decorator: MethodDecoratorName, options: unknown): UncheckedDecorator {
  return (target, propertyKey, descriptor) => {
    const problems = [...placeProblems(target, propertyKey, descriptor), ...problemsOf(decorator, options)];
    if (problems.length > 0) throw new InvalidDecoratorError(decorator, placeOf(target, propertyKey), problems);
    const operations = operationsOf(decorator, options);
    const place = descriptor as MethodDescriptor;
    const method = methodBehind.get(place.value) ?? wrap(target, propertyKey, place);
    method.declare(operations);
  };
}

function wrap(prototype: object, propertyKey: string | symbol, descriptor: MethodDescriptor): DecoratedMethod {
  const original = descriptor.value;
  const returnKind = declaredReturnOf(prototype, propertyKey, original) === 'observable' ? 'observable' : 'promise';
  const method = new DecoratedMethod(prototype, String(propertyKey), original, returnKind);
  const wrapper = function (this: object, ...args: unknown[]): unknown {
    const runtime = runtimeOf(this, method);
    if (!runtime) return original.apply(this, args);
    const run = (): Promise<unknown> => runtime.run(new MethodCall(method, this, args));
    return method.returnKind === 'observable' ? defer(() => from(run())) : run();
  };
  takeAfter(wrapper, original);
  methodBehind.set(wrapper, method);
  descriptor.value = wrapper;
  receiveRuntime(method);
  return method;
}

/** Gives the wrapper the name, the length and the metadata of what it wraps, so that other decorators find them. */
function takeAfter(wrapper: AnyMethod, original: AnyMethod): void {
  for (const property of ['name', 'length'] as const) {
    Object.defineProperty(wrapper, property, { value: original[property], configurable: true });
  }
  for (const key of Reflect.getOwnMetadataKeys(original) as unknown[]) {
    Reflect.defineMetadata(key, Reflect.getOwnMetadata(key, original), wrapper);
  }
}

function operationsOf(decorator: MethodDecoratorName, options: unknown): CacheOperation[] {
  if (decorator !== 'Caching') return [{ decorator, options: givenOptions(options as object) } as CacheOperation];
  return Object.entries(CACHING_PARTS).flatMap(([part, partDecorator]) => {
    const rules = (options as Record<string, unknown>)[part] ?? [];
    return [rules].flat().flatMap((rule) => operationsOf(partDecorator, rule));
  });
}

/** Why what stands at the place cannot be cached. */
function placeProblems(target: object, propertyKey?: string | symbol, descriptor?: PropertyDescriptor): string[] {
  if (propertyKey === undefined) return ['it decorates methods; for the defaults of a class write @CacheConfig'];
  if (typeof target === 'function')
    return ['a static method has no instance to be given a cache; make it a method of the instance'];
  const method: unknown = descriptor?.value;
  if (typeof method !== 'function') return ['it decorates methods; make the property or accessor an async method'];
  switch (declaredReturnOf(target, propertyKey, method)) {
    case 'generator':
      return ['a generator has no one result to store; return a Promise of a list'];
    case 'synchronous':
      return ['the method is synchronous, and a cache may have to be waited for; make it async'];
    default:
      return [];
  }
}

function placeOf(target: object, propertyKey?: string | symbol): string {
  const owner = classNameOf(typeof target === 'function' ? target : target.constructor);
  return propertyKey === undefined ? owner : `${owner}.${String(propertyKey)}`;
}
