import { types } from 'node:util';
import { UnsupportedValueError } from './unsupported-value.error.js';
import { formatPath, type PathStep } from './value-path.js';

/** How deep a value may be nested. */
export const MAX_DEPTH = 500;

/** The error for something in a value that a cache cannot carry. */
export function unsupported(found: unknown, path: readonly PathStep[]): UnsupportedValueError {
  const [what, advice] = explain(found);
  return new UnsupportedValueError(formatPath(path), what, advice);
}

/** The error for an array with a hole at the end of the path. */
export function unsupportedHole(path: readonly PathStep[]): UnsupportedValueError {
  return new UnsupportedValueError(formatPath(path), 'a hole in an array', 'Put undefined or null there.');
}

/** The error for an object whose properties have symbols for names. */
export function unsupportedSymbolKey(holder: object, path: readonly PathStep[]): UnsupportedValueError {
  const name = String(Object.getOwnPropertySymbols(holder)[0]);
  return new UnsupportedValueError(formatPath(path), `a property named ${name}`, 'Use a string for its name.');
}

/** The error for a value nested deeper than {@link MAX_DEPTH}, because it contains itself or because it just is. */
export function unsupportedDepth(root: unknown, path: readonly PathStep[]): UnsupportedValueError {
  const cycle = findCycle(root, path);
  if (cycle === undefined) {
    return new UnsupportedValueError(
      `${formatPath(path.slice(0, 5))}…`,
      `a value that is nested more than ${String(MAX_DEPTH)} levels deep`,
      'Cache its parts under keys of their own, or flatten it.',
    );
  }
  return new UnsupportedValueError(
    formatPath(path.slice(0, cycle.end)),
    `a reference back to ${formatPath(path.slice(0, cycle.start))}`,
    'A cache carries trees only: leave the reference out, or keep an id in its place.',
  );
}

/** The first object on the way down `path` that contains itself, by the lengths of the path to it and back to it. */
function findCycle(root: unknown, path: readonly PathStep[]): { start: number; end: number } | undefined {
  const depthOf = new Map<unknown, number>();
  let value = root;
  for (const [depth, step] of path.entries()) {
    if (depthOf.has(value)) return { start: depthOf.get(value) as number, end: depth };
    depthOf.set(value, depth);
    if (typeof step === 'object') return undefined;
    value = (value as Record<PathStep & (string | number), unknown>)[step];
  }
  return undefined;
}

function explain(found: unknown): [what: string, advice: string] {
  if (typeof found === 'function')
    return [`a function${found.name && ` (${found.name})`}`, 'Leave it out: cache data only.'];
  if (typeof found === 'symbol') return [`a symbol (${String(found)})`, 'Use a string in its place.'];
  if (typeof found !== 'object' || found === null) return [`a ${typeof found}`, 'Leave it out.'];
  if (types.isPromise(found)) return ['a promise', 'Await it, and cache what it gives.'];
  if ('pipe' in found || 'getReader' in found) return ['a stream', 'Read it to its end, and cache what it gave.'];
  if (types.isWeakMap(found) || types.isWeakSet(found)) {
    return [
      `a ${types.isWeakMap(found) ? 'WeakMap' : 'WeakSet'}`,
      'Its contents cannot be listed: cache a Map or Set.',
    ];
  }
  const name = className(found);
  return [`an instance of ${name}`, instanceAdvice(found, name)];
}

function instanceAdvice(found: object, name: string): string {
  const plain = 'toJSON' in found ? 'cache what its toJSON() gives' : 'cache a plain object with its data';
  return `Call registerType(${name}), so that it comes back as a ${name}, or ${plain}.`;
}

function className(found: object): string {
  const { constructor } = found as { constructor?: unknown };
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'an anonymous class';
}
