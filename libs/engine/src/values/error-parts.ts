import { ERRORS } from './value-kind.js';
import { setOwn } from './own-property.js';

/** What makes up a built-in error. */
export interface ErrorParts {
  /** The name of its class. */
  readonly type: string;
  /** Those of `message`, `stack`, `cause` and `errors` that it has; they are not enumerable. */
  readonly hidden: Record<string, unknown>;
  /** Its other own properties, such as `code`. */
  readonly fields: Record<string, unknown>;
}

const HIDDEN_PROPERTIES = ['message', 'stack', 'cause', 'errors'];

/** Takes a built-in error apart. */
export function errorParts(error: Error): ErrorParts {
  const hidden: Record<string, unknown> = {};
  for (const name of HIDDEN_PROPERTIES) {
    const isHidden = Object.hasOwn(error, name) && !Object.prototype.propertyIsEnumerable.call(error, name);
    if (isHidden) hidden[name] = (error as unknown as Record<string, unknown>)[name];
  }
  const { constructor } = Object.getPrototypeOf(error) as Error;
  return { type: constructor.name, hidden, fields: { ...(error as object) } };
}

/** Puts together what {@link errorParts} took apart; an unknown class gives `undefined`. */
export function errorOfParts({ type, hidden, fields }: ErrorParts): Error | undefined {
  const error = ERRORS.get(type)?.();
  if (error === undefined) return undefined;
  for (const name of HIDDEN_PROPERTIES) {
    Reflect.deleteProperty(error, name);
    if (!Object.hasOwn(hidden, name)) continue;
    Object.defineProperty(error, name, { value: hidden[name], writable: true, enumerable: false, configurable: true });
  }
  for (const [name, value] of Object.entries(fields)) setOwn(error, name, value);
  return error;
}
