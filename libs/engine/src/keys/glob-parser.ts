import { InvalidGlobError } from './invalid-glob.error.js';

/** One piece of a glob; a set lists its characters as ranges of code points, first and last included. */
export type GlobToken =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'star' }
  | { readonly kind: 'one' }
  | { readonly kind: 'set'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] };

/**
 * The pieces of a glob, in order; neighbouring texts and stars are one.
 *
 * @throws InvalidGlobError for an empty glob, a set that is empty, not closed or backwards, or a backslash at the end
 */
export function parseGlob(glob: string): GlobToken[] {
  if (typeof glob !== 'string') throw new InvalidGlobError(glob, 'it is no string');
  if (glob === '') throw new InvalidGlobError(glob, 'it is empty');
  const characters = Array.from(glob);
  const tokens: GlobToken[] = [];
  let text = '';
  const endText = (): void => {
    if (text !== '') tokens.push({ kind: 'text', text });
    text = '';
  };
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string;
    if (character === '*') {
      endText();
      if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' });
    } else if (character === '?') {
      endText();
      tokens.push({ kind: 'one' });
    } else if (character === '[') {
      endText();
      const set = parseSet(glob, characters, at + 1);
      tokens.push(set.token);
      at = set.end;
    } else {
      text += character === '\\' ? escaped(glob, characters, ++at) : character;
    }
  }
  endText();
  return tokens;
}

function parseSet(glob: string, characters: readonly string[], start: number): { token: GlobToken; end: number } {
  const negated = characters[start] === '^';
  const ranges: [number, number][] = [];
  let at = negated ? start + 1 : start;
  const next = (): number => {
    const character = characters[at++];
    if (character === undefined) throw new InvalidGlobError(glob, "a '[' is not closed");
    return codePointOf(character === '\\' ? escaped(glob, characters, at++) : character);
  };
  while (characters[at] !== ']') {
    const first = next();
    let last = first;
    if (characters[at] === '-' && characters[at + 1] !== ']') {
      at++;
      last = next();
    }
    if (last < first) throw new InvalidGlobError(glob, 'a range in it runs backwards');
    ranges.push([first, last]);
  }
  if (ranges.length === 0) throw new InvalidGlobError(glob, "a '[]' holds nothing");
  return { token: { kind: 'set', negated, ranges }, end: at };
}

function escaped(glob: string, characters: readonly string[], at: number): string {
  const character = characters[at];
  if (character === undefined) throw new InvalidGlobError(glob, 'it ends with a backslash');
  return character;
}

function codePointOf(character: string): number {
  return character.codePointAt(0) as number;
}
