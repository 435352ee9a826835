import type { BatchKind } from '../batch/batch.js';
import type { RedisLink } from './redis-link.js';

/** What a pool needs to know of a connection to choose it. */
export type PooledLink = Pick<RedisLink, 'isReady' | 'isOverdue' | 'reason' | 'open' | 'close'>;

/**
 * How well a connection suits a batch: a `poor` one takes it only if there is no other, a `good` one rather than one that
 * `will-do`, but not if it owes an answer.
 */
export type Suitability = 'good' | 'will-do' | 'poor';

const RANKS: Readonly<Record<Suitability, number>> = { good: 1, 'will-do': 0, poor: -4 };
const OWES_NOTHING = 2;

/** The connections of a port, which take its batches in turn. */
export class LinkPool<Link extends PooledLink> {
  readonly #links: readonly Link[];
  readonly #suitability: (link: Link, kind: BatchKind) => Suitability;
  readonly #lastTurn: Record<BatchKind, number> = { commands: -1, reads: -1 };

  constructor(links: readonly Link[], suitability: (link: Link, kind: BatchKind) => Suitability) {
    this.#links = links;
    this.#suitability = suitability;
  }

  /** Those over which batches can be sent now. */
  get ready(): Link[] {
    return this.#links.filter((link) => link.isReady);
  }

  /** Why one that is not ready is not, as far as it is known. */
  get reason(): Link['reason'] {
    return this.#links.find((link) => link.reason !== undefined)?.reason;
  }

  open(): void {
    for (const link of this.#links) link.open();
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.close()));
  }

  /** The most suitable of those that are ready; they take turns where several are. */
  pick(kind: BatchKind): Link | undefined {
    const count = this.#links.length;
    let best: { link: Link; rank: number; turn: number } | undefined;
    for (let step = 1; step <= count; step++) {
      const turn = (this.#lastTurn[kind] + step) % count;
      const link = this.#links[turn];
      if (link?.isReady !== true) continue;
      const rank = RANKS[this.#suitability(link, kind)] + (link.isOverdue ? 0 : OWES_NOTHING);
      if (best === undefined || rank > best.rank) best = { link, rank, turn };
    }
    if (best === undefined) return undefined;
    this.#lastTurn[kind] = best.turn;
    return best.link;
  }
}
