/** Sets an own property, also where an assignment would call an inherited setter instead: `__proto__` has one. */
export function setOwn(target: object, name: string, value: unknown): void {
  if (name in target && !Object.hasOwn(target, name)) {
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    (target as Record<string, unknown>)[name] = value;
  }
}
