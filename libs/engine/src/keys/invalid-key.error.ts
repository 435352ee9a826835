import { StrataError } from '@nest-strata/core';

/** What was to be a key, a tag or a part of a namespace cannot be one. */
export class InvalidKeyError extends StrataError {
  readonly code = 'INVALID_KEY';

  constructor(
    readonly role: 'key' | 'tag' | 'namespace',
    readonly given: unknown,
  ) {
    super(
      given === ''
        ? emptyMessage(role)
        : `A ${role} must be a string, but ${nameOf(given)} was given. ${advice(role, given)}`,
    );
  }
}

function emptyMessage(role: string): string {
  return `A ${role} must not be empty. Check that the text it is built from was not empty too.`;
}

function nameOf(given: unknown): string {
  if (given === null || given === undefined) return String(given);
  return typeof given === 'object'
    ? `an object (${Object.prototype.toString.call(given).slice(8, -1)})`
    : `a ${typeof given}`;
}

function advice(role: string, given: unknown): string {
  if (typeof given === 'number' || typeof given === 'bigint') return `Write \`\${id}\` or String(id).`;
  if (given === null || given === undefined) return `Check where the ${role} comes from: it was not set.`;
  return `Build a text from it, such as \`hero:\${hero.id}\`.`;
}
