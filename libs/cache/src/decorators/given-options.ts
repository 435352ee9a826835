/** A frozen copy of options, without those that were given as `undefined`. */
export function givenOptions<T extends object>(options: T): Readonly<T> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.freeze(Object.fromEntries(given)) as Readonly<T>;
}
