import { types } from 'node:util';
import { UnsupportedValueError } from './unsupported-value.error.js';
import { formatPath, type PathStep } from './value-path.js';

/** How deep a value may be nested. */
const MAX_DEPTH = 500;

/**
 * Where a walk through a value is, to tell where it found something that a cache cannot carry.
 *
 * The depth is passed in, and what lies beyond it is left over from another branch: so a walk need not tidy up on its
 * way back.
 */
export class ValueTrail {
  readonly #steps: PathStep[] = [];
  readonly #holders: object[] = [];

  /**
   * Enters an object.
   *
   * @throws UnsupportedValueError when it is nested too deep, which it is when it contains itself
   */
  enter(holder: object, depth: number): void {
    this.#holders[depth] = holder;
    if (depth > MAX_DEPTH) throw this.#tooDeep(depth);
  }

  /** Goes on from the object at `depth` to something in it. */
  step(step: PathStep, depth: number): void {
    this.#steps[depth] = step;
  }

  /** The error for a function, a symbol or an object at `depth` that a cache cannot carry. */
  unsupported(found: unknown, depth: number): UnsupportedValueError {
    const [what, advice] = explain(found);
    return new UnsupportedValueError(this.#pathTo(depth), what, advice);
  }

  /** The error for an array with a hole. */
  hole(depth: number): UnsupportedValueError {
    return new UnsupportedValueError(this.#pathTo(depth), 'a hole in an array', 'Put undefined or null there.');
  }

  /** @throws UnsupportedValueError when an object has properties with symbols for names */
  refuseSymbols(holder: object, depth: number): void {
    const [symbol] = Object.getOwnPropertySymbols(holder);
    if (symbol === undefined) return;
    throw new UnsupportedValueError(
      this.#pathTo(depth),
      `a property named ${String(symbol)}`,
      'Use a string for its name, or leave it out.',
    );
  }

  #tooDeep(depth: number): UnsupportedValueError {
    const depthOf = new Map<object, number>();
    for (const [end, holder] of this.#holders.slice(0, depth + 1).entries()) {
      const start = depthOf.get(holder);
      if (start !== undefined) {
        return new UnsupportedValueError(
          this.#pathTo(end),
          `a reference back to ${this.#pathTo(start)}`,
          'A cache carries trees only: leave the reference out, or keep an id in its place.',
        );
      }
      depthOf.set(holder, end);
    }
    return new UnsupportedValueError(
      `${this.#pathTo(3)}…`,
      `a value that is nested more than ${String(MAX_DEPTH)} levels deep`,
      'Cache its parts under keys of their own, or flatten it.',
    );
  }

  #pathTo(depth: number): string {
    return formatPath(this.#steps.slice(0, depth));
  }
}

function explain(found: unknown): [what: string, advice: string] {
  if (typeof found === 'function') {
    return [`a function${found.name && ` (${found.name})`}`, 'Leave it out: cache data only.'];
  }
  if (typeof found === 'symbol') return [`a symbol (${String(found)})`, 'Use a string in its place.'];
  const object = found as object;
  if (types.isPromise(object)) return ['a promise', 'Await it, and cache what it gives.'];
  if ('pipe' in object || 'getReader' in object) return ['a stream', 'Read it to its end, and cache what it gave.'];
  if (types.isWeakMap(object)) return ['a WeakMap', 'Its contents cannot be listed: cache a Map.'];
  if (types.isWeakSet(object)) return ['a WeakSet', 'Its contents cannot be listed: cache a Set.'];
  const name = className(object);
  return [`an instance of ${name}`, instanceAdvice(object, name)];
}

function instanceAdvice(found: object, name: string): string {
  const plain = 'toJSON' in found ? 'cache what its toJSON() gives' : 'cache a plain object with its data';
  return `Call registerType(${name}), so that it comes back as a ${name}, or ${plain}.`;
}

function className(found: object): string {
  const { constructor } = found as { constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'an anonymous class';
}
