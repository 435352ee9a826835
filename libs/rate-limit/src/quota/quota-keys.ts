const NEEDS_ESCAPE = /[%{}:\p{Cc}]|\p{Surrogate}/gu;
const NEEDS_ESCAPE_IN_NAMESPACE = /[%{}.:\p{Cc}]|\p{Surrogate}/gu;

/**
 * The Redis keys of quotas. They are to be read by people and other programs: the count of a period is a plain integer.
 * No two users, quotas or periods share one: the encoding is injective.
 *
 * | Redis key | what it holds |
 * |---|---|
 * | `strata:<namespace>:q:<user>:<quota>:<period>` | the count, such as `strata:app:q:42:api_calls:2026-11-20` |
 * | `…:<period>:warned` | the highest threshold that was told |
 * | `…:<quota>:open` | a hash: reservations, and the sum of them for each period |
 * | `…:<quota>:ends` | a sorted set: when they run out, in ms since 1970 |
 * | `…:<quota>:id:<request id>` | what became of a request with an id |
 */
export class QuotaKeys {
  readonly #root: string;

  /** @param namespace the names from the outermost namespace to this one */
  constructor(namespace: string | readonly string[]) {
    const path = [namespace].flat().map((part) => part.replace(NEEDS_ESCAPE_IN_NAMESPACE, escapeCharacter));
    this.#root = `strata:${path.join('.')}:q:`;
  }

  /** What all keys of a user in a quota begin with; the name of a quota has nothing to escape. */
  prefix(user: string, quota: string): string {
    return `${this.#root}${escapeSegment(user)}:${quota}:`;
  }
}

/** A text as one part of a key: `:`, `%`, `{`, `}`, control characters and lone surrogates become `%3A`, …, `%uD800`. */
export function escapeSegment(text: string): string {
  return text.replace(NEEDS_ESCAPE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16).toUpperCase();
  return code > 0xff ? `%u${hex}` : `%${hex.padStart(2, '0')}`;
}
