import { eventually } from '@nest-strata/testing';
import type { KeyWatch, KeyWatchMode, KeyWatchOptions, RedisPort } from '../src/index.js';

/** What a watch told, in order. */
export type News =
  | { readonly kind: 'changed'; readonly keys: readonly string[] }
  | { readonly kind: 'armed'; readonly prefixes: readonly string[] }
  | { readonly kind: 'lost'; readonly reason: string };

/** Twice as long may pass without an answer, also on a machine that has much else to do. */
export const HEARTBEAT_MS = 150;

/** A watch that writes down what it hears. */
export class Hearing {
  readonly news: News[] = [];
  readonly watch: KeyWatch;

  constructor(redis: RedisPort, mode: 'auto' | KeyWatchMode, options: Partial<KeyWatchOptions> = {}) {
    this.watch = redis.watch(
      { mode, channel: 'changes', heartbeatMs: HEARTBEAT_MS, ...options },
      {
        changed: (keys) => void this.news.push({ kind: 'changed', keys: [...keys] }),
        armed: (prefixes) => void this.news.push({ kind: 'armed', prefixes: [...prefixes] }),
        lost: (reason) => void this.news.push({ kind: 'lost', reason }),
      },
    );
  }

  /** A watch that is armed for these prefixes. */
  static async of(
    redis: RedisPort,
    mode: 'auto' | KeyWatchMode,
    prefixes: readonly string[] = ['a:'],
    options: Partial<KeyWatchOptions> = {},
  ): Promise<Hearing> {
    const hearing = new Hearing(redis, mode, options);
    hearing.watch.follow(prefixes);
    await hearing.untilArmed();
    return hearing;
  }

  /** The keys that were told since the last {@link forget}. */
  get keys(): string[] {
    return this.news.flatMap((item) => (item.kind === 'changed' ? item.keys : []));
  }

  get reasons(): string[] {
    return this.news.flatMap((item) => (item.kind === 'lost' ? [item.reason] : []));
  }

  get kinds(): string[] {
    return this.news.map(({ kind }) => kind).filter((kind) => kind !== 'changed');
  }

  get isArmed(): boolean {
    return this.kinds.at(-1) === 'armed';
  }

  forget(): void {
    this.news.length = 0;
  }

  async untilArmed(): Promise<void> {
    await eventually(() => this.isArmed);
  }

  async untilHeard(key: string): Promise<void> {
    await eventually(() => this.keys.includes(key));
  }

  /** Resolves when all that happened before has been heard. */
  async settle(): Promise<void> {
    const nowMs = performance.now();
    await eventually(() => this.watch.heardUpToMs >= nowMs);
  }
}
