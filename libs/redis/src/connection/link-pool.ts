import type { BatchKind } from '../batch/batch.js';
import type { RedisLink } from './redis-link.js';

/** Says whether a connection is the right one for such a batch; others take it only if no such one is there. */
export type LinkPreference = (link: RedisLink, kind: BatchKind) => boolean;

/** The connections of a port, which take its batches in turn. */
export class LinkPool {
  readonly #links: readonly RedisLink[];
  readonly #prefers: LinkPreference;
  readonly #lastTurn: Record<BatchKind, number> = { commands: -1, reads: -1 };

  constructor(links: readonly RedisLink[], prefers: LinkPreference) {
    this.#links = links;
    this.#prefers = prefers;
  }

  /** Those over which batches can be sent now. */
  get ready(): RedisLink[] {
    return this.#links.filter((link) => link.isReady);
  }

  /** Why one that is not ready is not, as far as it is known. */
  get reason(): RedisLink['reason'] {
    return this.#links.find((link) => link.reason !== undefined)?.reason;
  }

  open(): void {
    for (const link of this.#links) link.open();
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }

  /** The ready ones in turn, preferred ones first, but one that owes an answer only if all do. */
  pick(kind: BatchKind): RedisLink | undefined {
    const count = this.#links.length;
    let best: { link: RedisLink; rank: number; turn: number } | undefined;
    for (let step = 1; step <= count; step++) {
      const turn = (this.#lastTurn[kind] + step) % count;
      const link = this.#links[turn];
      if (link?.isReady !== true) continue;
      const rank = (link.isOverdue ? 0 : 2) + (this.#prefers(link, kind) ? 1 : 0);
      if (best === undefined || rank > best.rank) best = { link, rank, turn };
    }
    if (best === undefined) return undefined;
    this.#lastTurn[kind] = best.turn;
    return best.link;
  }
}
