import { parseGlob, type GlobToken } from './glob-parser.js';
import { escapeText } from './key-text.js';

/**
 * How many `*` are sent to the server: matching takes time to the power of their number there, so the rest of the
 * pattern is left to {@link KeyGlob.matches}.
 */
const MAX_SERVER_STARS = 4;
const SERVER_SPECIAL = /[*?[\]^\\-]/g;

/**
 * A pattern that users write for their keys: `*` is any text, `?` one character, `[abc]`, `[a-z]` and `[^a]` one of a
 * set; a backslash makes the next character stand for itself. Characters are Unicode's, not bytes.
 */
export class KeyGlob {
  /**
   * What to `SCAN … MATCH` for. It finds every key that matches, and may find more, as Redis compares bytes: ask
   * {@link matches} of each.
   */
  readonly serverPattern: string;
  readonly #tokens: readonly GlobToken[];
  readonly #listedForm: (key: string) => string;

  /**
   * @param valuePrefix what the Redis keys begin with
   * @param listedForm the text that a key is matched as; by default the key itself
   * @throws InvalidGlobError when the glob is malformed
   */
  constructor(glob: string, valuePrefix = '', listedForm = (key: string): string => key) {
    this.#tokens = parseGlob(glob);
    this.#listedForm = listedForm;
    this.serverPattern = escapeForServer(valuePrefix) + toServerPattern(this.#tokens);
  }

  /** Whether a user's key matches; takes at most time proportional to the key's length times the glob's. */
  matches(key: string): boolean {
    return matchTokens(this.#tokens, this.#listedForm(key));
  }
}

function toServerPattern(tokens: readonly GlobToken[]): string {
  let pattern = '';
  let stars = 0;
  // A character of the glob may be several bytes, or an escape sequence, in the key: it is at least one, and then some.
  let pendingStar = false;
  for (const token of tokens) {
    if (token.kind === 'text') {
      if (pendingStar && ++stars > MAX_SERVER_STARS) return `${pattern}*`;
      pattern += (pendingStar ? '*' : '') + escapeForServer(escapeText(token.text));
      pendingStar = false;
    } else {
      if (token.kind !== 'star' && !pendingStar) pattern += '?';
      pendingStar = true;
    }
  }
  return pendingStar ? `${pattern}*` : pattern;
}

/** A text of which Redis takes no character for a part of a pattern. */
export function escapeForServer(text: string): string {
  return text.replace(SERVER_SPECIAL, '\\$&');
}

/** Greedy matching that goes back to the last star only, which suffices for globs and cannot explode. */
function matchTokens(tokens: readonly GlobToken[], key: string): boolean {
  let tokenAt = 0;
  let keyAt = 0;
  let retryToken = -1;
  let retryKey = 0;
  while (keyAt < key.length || tokenAt < tokens.length) {
    const token = tokens[tokenAt];
    if (token?.kind === 'star') {
      retryToken = ++tokenAt;
      retryKey = keyAt;
      continue;
    }
    const length = token === undefined ? 0 : matchedLength(token, key, keyAt);
    if (length > 0) {
      tokenAt++;
      keyAt += length;
    } else if (retryToken >= 0 && retryKey < key.length) {
      retryKey += characterLength(key, retryKey);
      keyAt = retryKey;
      tokenAt = retryToken;
    } else {
      return false;
    }
  }
  return true;
}

/** How many code units of `key` at `at` the token takes; 0 when it does not match. */
function matchedLength(token: GlobToken, key: string, at: number): number {
  if (at >= key.length || token.kind === 'star') return 0;
  if (token.kind === 'text') return key.startsWith(token.text, at) ? token.text.length : 0;
  if (token.kind === 'set') {
    const codePoint = key.codePointAt(at) as number;
    const listed = token.ranges.some(([first, last]) => codePoint >= first && codePoint <= last);
    if (listed === token.negated) return 0;
  }
  return characterLength(key, at);
}

function characterLength(text: string, at: number): number {
  return (text.codePointAt(at) as number) > 0xffff ? 2 : 1;
}
