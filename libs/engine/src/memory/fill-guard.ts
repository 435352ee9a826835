/** Held from the start of a read or load until its value is kept; void once its key was written or evicted meanwhile. */
export interface FillToken {
  readonly key: string;
  isVoid: boolean;
}

/**
 * Keeps a value that was on its way when its key changed from being stored over the change.
 *
 * Every read and load takes a token first; every local write and eviction of the key voids the tokens that are out.
 */
export class FillGuard {
  readonly #tokens = new Map<string, Set<FillToken>>();

  take(key: string): FillToken {
    const token: FillToken = { key, isVoid: false };
    const others = this.#tokens.get(key);
    if (others === undefined) this.#tokens.set(key, new Set([token]));
    else others.add(token);
    return token;
  }

  /** Ends the token; each must be released once, whatever became of its value. */
  release(token: FillToken): void {
    const tokens = this.#tokens.get(token.key);
    if (tokens?.delete(token) === true && tokens.size === 0) this.#tokens.delete(token.key);
  }

  voidKey(key: string): void {
    for (const token of this.#tokens.get(key) ?? []) token.isVoid = true;
  }

  voidAll(): void {
    for (const tokens of this.#tokens.values()) for (const token of tokens) token.isVoid = true;
  }

  /** How many tokens are out; 0 when the cache is at rest. */
  get heldCount(): number {
    let count = 0;
    for (const tokens of this.#tokens.values()) count += tokens.size;
    return count;
  }
}
