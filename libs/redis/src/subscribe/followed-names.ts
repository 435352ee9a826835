/** How far a name is that Redis was told of. */
interface Sent {
  isHeard: boolean;
}

/**
 * Which names of one kind (channels or patterns) are followed by whom, and which of them Redis knows of. Counts those who
 * follow, so that a name is subscribed to once.
 *
 * Commands of one connection are carried out in their order, so nothing waits for anything: what is to be sent follows
 * from what was sent last.
 */
export class FollowedNames<Follower> {
  readonly #followers = new Map<string, Set<Follower>>();
  readonly #sent = new Map<string, Sent>();

  add(name: string, follower: Follower): void {
    const followers = this.#followers.get(name);
    if (followers === undefined) this.#followers.set(name, new Set([follower]));
    else followers.add(follower);
  }

  remove(name: string, follower: Follower): void {
    const followers = this.#followers.get(name);
    if (followers?.delete(follower) === true && followers.size === 0) this.#followers.delete(name);
  }

  /** Who follows a name, as of now. */
  followersOf(name: string): readonly Follower[] {
    const followers = this.#followers.get(name);
    return followers === undefined ? [] : [...followers];
  }

  /** Whether Redis has confirmed that it tells of the name. */
  isHeard(name: string): boolean {
    return this.#sent.get(name)?.isHeard === true;
  }

  /** The names that nobody follows any more; they count as not sent from now on. */
  takeSuperfluous(): string[] {
    const names = [...this.#sent.keys()].filter((name) => !this.#followers.has(name));
    for (const name of names) this.#sent.delete(name);
    return names;
  }

  /** The names that Redis is to be told of; they count as sent from now on. */
  takeMissing(): Map<string, Sent> {
    const missing = new Map<string, Sent>();
    for (const name of this.#followers.keys()) if (!this.#sent.has(name)) missing.set(name, { isHeard: false });
    for (const [name, sent] of missing) this.#sent.set(name, sent);
    return missing;
  }

  /** Redis refused a name; unless it was sent again since, it is missing once more. */
  giveBack(name: string, sent: Sent): void {
    if (this.#sent.get(name) === sent) this.#sent.delete(name);
  }

  /** The connection is gone, and with it all that was sent. */
  forgetSent(): void {
    this.#sent.clear();
  }
}
