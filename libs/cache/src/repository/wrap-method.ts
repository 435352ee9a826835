type Method = (...args: unknown[]) => unknown;

/** Answers a call of a wrapped method; `proceed` calls the method itself, with the arguments given or with others. */
export type MethodHandler = (args: unknown[], proceed: (otherArgs?: readonly unknown[]) => unknown) => unknown;

/**
 * Puts a handler before a method of one object, and of this object alone. The method keeps its name, its length and
 * whatever it carries besides. What copies the object's enumerable properties, as `EntityManager.withRepository` does,
 * gets the method without the handler.
 *
 * @returns the function that takes the handler away again
 * @throws TypeError when the object does not let its methods be replaced
 */
export function wrapMethod(target: object, name: string, handler: MethodHandler): () => void {
  const former = Object.getOwnPropertyDescriptor(target, name);
  const original = (target as Record<string, unknown>)[name] as Method;
  const value = new Proxy(original, {
    apply: (method, self: unknown, args: unknown[]) =>
      handler(args, (otherArgs = args) => Reflect.apply(method, self, otherArgs)),
  });
  Object.defineProperty(target, name, { value, writable: true, enumerable: false, configurable: true });
  return () => {
    if (former === undefined) Reflect.deleteProperty(target, name);
    else Object.defineProperty(target, name, former);
  };
}
