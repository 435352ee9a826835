/** Texts longer than this are cut in messages. */
const MAX_SHOWN_CHARACTERS = 80;

/** What was given, short enough for an error message and without the credentials of a URL. */
export function describeGiven(given: unknown): string {
  if (typeof given === 'string') return JSON.stringify(shorten(withoutCredentials(given)));
  if (given === null || typeof given === 'number' || typeof given === 'boolean') return String(given);
  if (typeof given === 'bigint') return `${given}n`;
  if (Array.isArray(given)) return given.length === 0 ? 'an empty list' : `a list of ${given.length}`;
  if (typeof given === 'function') return `the function ${given.name || '(anonymous)'}`;
  if (typeof given === 'object') return describeObject(given);
  return `a value of type ${typeof given}`;
}

/** Replaces what stands between `//` and `@` of a URL, however badly formed the rest is. */
function withoutCredentials(text: string): string {
  return text.replace(/\/\/[^/]*@/g, '//***@');
}

function shorten(text: string): string {
  return text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS)}…`;
}

function describeObject(given: object): string {
  const name: unknown = (given as { readonly constructor?: { readonly name?: unknown } }).constructor?.name;
  return typeof name === 'string' && name !== 'Object' && name !== '' ? `an instance of ${name}` : 'an object';
}
