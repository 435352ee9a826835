/** The examples of docs/writing.md, compiled. */
import { Injectable } from '@nestjs/common';
import { InjectCache } from '@nest-strata/cache';
import type { BehindWriter, CacheService } from '@nest-strata/cache';

interface Hero {
  readonly id: number;
  readonly name: string;
}

interface Score {
  readonly points: number;
}

interface ScoreRow extends Score {
  readonly player: string;
  readonly version: bigint;
}

declare const cache: CacheService;
declare function updateHero(id: number, name: string): Promise<Hero>;
declare class ScoreTable {
  find(player: string): Promise<Score | undefined>;
  upsertNewer(rows: readonly ScoreRow[]): Promise<void>; // … WHERE scores.version < excluded.version
}

// #region write-through
const hero = await cache.engine.writeThrough('hero:1', () => updateHero(1, 'Ada'), { ttl: '1h', tags: ['heroes'] });
// #endregion
export { hero };

// #region write-behind
@Injectable()
export class Scores {
  private readonly writer: BehindWriter<Score>;

  constructor(
    @InjectCache('scores') private readonly cache: CacheService,
    private readonly table: ScoreTable,
  ) {
    this.writer = cache.engine.writeBehind<Score>('scores', {
      interval: '1s',
      persist: (batch) =>
        table.upsertNewer(batch.map(({ key, value, version }) => ({ player: key, points: value.points, version }))),
    });
  }

  async record(player: string, points: number): Promise<void> {
    const outcome = await this.writer.write(player, { points }, { ttl: '1h' });
    if (!outcome.accepted) throw new Error(`The score was not taken: ${outcome.reason}`);
  }

  /** Reads load through the writer, which asks the queue before the database. */
  async find(player: string): Promise<Score> {
    const load = this.writer.loader(async ({ key }) => (await this.table.find(key)) ?? { points: 0 });
    return this.cache.getOrSet(player, load);
  }

  /** Tries again what was given up, once the database is well. */
  async retry(): Promise<number> {
    const letters = await this.writer.queue.deadLetters();
    await this.writer.queue.redrive(letters.map(({ letterId }) => letterId));
    return letters.length;
  }
}
// #endregion
