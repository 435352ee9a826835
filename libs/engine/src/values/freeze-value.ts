/**
 * Freezes the plain objects and arrays of a value, all the way down, and says whether nobody can change the value now.
 * `'mutable'`: something in it has a state that freezing does not reach, such as a `Date`, a `Map` or an instance of a
 * class; only a copy for each reader protects those. The value must be a tree, such as {@link copyValue} makes.
 */
export function freezeValue(value: unknown): 'immutable' | 'mutable' {
  return freeze(value) ? 'immutable' : 'mutable';
}

/** @returns whether the value is immutable now */
function freeze(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  const prototype: unknown = Object.getPrototypeOf(value);
  let isImmutable = true;
  if (Array.isArray(value)) {
    for (const item of value) if (!freeze(item)) isImmutable = false;
  } else if (prototype === Object.prototype || prototype === null) {
    for (const name in value) if (!freeze((value as Record<string, unknown>)[name])) isImmutable = false;
  } else {
    return false;
  }
  Object.freeze(value);
  return isImmutable;
}
