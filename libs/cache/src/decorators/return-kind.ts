import type { ReturnKind } from './decorated-method.js';

/** What is known, where the class is defined, of how a method answers. */
export type DeclaredReturn = ReturnKind | 'synchronous' | 'generator';

/**
 * How the method under `propertyKey` of `prototype` answers, as far as the compiler wrote it down: from the function's
 * own kind, and from the declared return type that `emitDecoratorMetadata` leaves behind. What is not known counts as a
 * Promise; whether it is one shows when the method runs.
 */
export function declaredReturnOf(prototype: object, propertyKey: string | symbol, method: object): DeclaredReturn {
  switch (Object.prototype.toString.call(method)) {
    case '[object AsyncFunction]':
      return 'promise';
    case '[object GeneratorFunction]':
    case '[object AsyncGeneratorFunction]':
      return 'generator';
  }
  const declared: unknown = Reflect.getMetadata('design:returntype', prototype, propertyKey);
  if (typeof declared !== 'function' || declared === Object) return 'promise';
  const instances = declared.prototype as object;
  if ('subscribe' in instances) return 'observable';
  return 'then' in instances ? 'promise' : 'synchronous';
}
