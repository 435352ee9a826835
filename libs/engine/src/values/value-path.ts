/** A property name, an index, or the text of a step that is neither, such as into a `Map`. */
export type PathStep = string | number | { readonly text: string };

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The step from an instance to what it serializes itself to. */
export const NO_STEP: PathStep = { text: '' };

/** Writes the way from a value to something in it, as in `$.user.friends[2]`. */
export function formatPath(steps: readonly PathStep[], root = '$'): string {
  return root + steps.map(formatStep).join('');
}

/** The step to the value under a key of a `Map`. */
export function mapStep(key: unknown, index: number): PathStep {
  const simple = typeof key === 'string' || typeof key === 'number';
  return { text: simple ? `.get(${JSON.stringify(key)})` : `.(value ${String(index)})` };
}

/** The step to a key of a `Map` or an item of a `Set`, which have no name. */
export function itemStep(what: 'key' | 'item', index: number): PathStep {
  return { text: `.(${what} ${String(index)})` };
}

function formatStep(step: PathStep): string {
  if (typeof step === 'object') return step.text;
  if (typeof step === 'number') return `[${String(step)}]`;
  return IDENTIFIER.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`;
}
