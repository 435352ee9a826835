import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';

/** Anything that reads what a message says, and throws if it is not right: a schema of Zod, for instance. */
export interface PayloadSchema<Payload = unknown> {
  parse(data: unknown): Payload;
}

/** A class whose properties carry rules of class-validator, which is made without arguments. */
export type PayloadClass<Payload = unknown> = new () => Payload;

/** What the messages of a channel say. */
export type PayloadType<Payload = unknown> = PayloadClass<Payload> | PayloadSchema<Payload>;

/** Makes an instance of a class from plain data, as `plainToInstance` of class-transformer does. */
export type Instantiate = (type: new () => object, plain: object) => object;

/** What was read, or what is wrong with it. */
export type Reading = { readonly data: unknown } | { readonly problems: readonly string[] };

export function isPayloadClass(given: unknown): given is new () => object {
  return typeof given === 'function';
}

export function isPayloadSchema(given: unknown): given is PayloadSchema {
  return typeof given === 'object' && given !== null && 'parse' in given && typeof given.parse === 'function';
}

/** Whether class-validator knows rules for a class; without, it would have to let everything through, or nothing. */
export function hasRules(type: new () => object): boolean {
  return getMetadataStorage().getTargetValidationMetadatas(type, '', false, false).length > 0;
}

/**
 * What a message says, from its JSON. What has no rule in the class is left out, so that a newer publisher may say more.
 * Rules that answer later (promises) are not waited for.
 */
export function readPayload(type: PayloadType, data: unknown, instantiate: Instantiate = fillInstance): Reading {
  if (isUnsafe(data)) return { problems: ['it has a property __proto__'] };
  if (isPayloadSchema(type)) return readBySchema(type, data);
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return { problems: ['it is no object'] };
  if (Object.hasOwn(data, 'constructor')) return { problems: ['it has a property constructor'] };
  const instance = instantiate(type as new () => object, data);
  const errors = validateSync(instance, { whitelist: true, forbidUnknownValues: true });
  return errors.length === 0 ? { data: instance } : { problems: errors.flatMap((error) => problemsOf(error, '')) };
}

function readBySchema(schema: PayloadSchema, data: unknown): Reading {
  try {
    return { data: schema.parse(data) };
  } catch (error) {
    return { problems: [error instanceof Error ? error.message : 'its schema refuses it'] };
  }
}

function fillInstance(type: new () => object, plain: object): object {
  return Object.assign(new type(), plain);
}

/** Property and rule; not the value, which may be nobody's business. */
function problemsOf({ property, constraints = {}, children = [] }: ValidationError, path: string): string[] {
  const own = Object.values(constraints).map((text) => (path === '' ? text : `${path}: ${text}`));
  return [...own, ...children.flatMap((child) => problemsOf(child, `${path}${path === '' ? '' : '.'}${property}`))];
}

/**
 * Whether there is a property `__proto__` anywhere: `JSON.parse` makes an ordinary one of it, but whoever copies the
 * object with an assignment changes a prototype.
 */
function isUnsafe(data: unknown): boolean {
  const left: unknown[] = [data];
  while (left.length > 0) {
    const item = left.pop();
    if (typeof item !== 'object' || item === null) continue;
    if (Object.hasOwn(item, '__proto__')) return true;
    left.push(...(Object.values(item) as unknown[]));
  }
  return false;
}
