import type { Provider } from '@nestjs/common';
import { PostgresServer } from '@nest-strata/testing';
import { DataSource } from 'typeorm';
import { HeroRowRepository } from './hero-row.repository.js';
import { HeroRow, StoryRow, TopicRow } from './hero.table.js';

/** A PostgreSQL with the tables of heroes, stories and topics. */
export class HeroDatabase {
  static async start(): Promise<HeroDatabase> {
    const server = await PostgresServer.start();
    const { url } = server;
    const entities = [HeroRow, StoryRow, TopicRow];
    const dataSource = await new DataSource({ type: 'postgres', url, entities, synchronize: true }).initialize();
    const outside = await new DataSource({ type: 'postgres', url }).initialize();
    return new HeroDatabase(server, dataSource, outside);
  }

  private constructor(
    private readonly server: PostgresServer,
    /** That of the application. */
    readonly dataSource: DataSource,
    /** Another program on the same database. */
    readonly outside: DataSource,
  ) {}

  get url(): string {
    return this.server.url;
  }

  /** What an application gets from TypeOrmModule, and a repository of its own. */
  get providers(): Provider[] {
    const { dataSource } = this;
    return [
      { provide: DataSource, useValue: dataSource },
      { provide: 'StoryRowRepository', useFactory: () => dataSource.getRepository(StoryRow) },
      { provide: HeroRowRepository, useFactory: () => new HeroRowRepository(dataSource.getRepository(HeroRow)) },
    ];
  }

  /** Arthur, of whom there is a story about owls, and Marie, of whom there is one about nothing. */
  async seed(): Promise<void> {
    await this.empty();
    await this.outside.query(`INSERT INTO hero (id, name, language) VALUES (1, 'Arthur', 'en'), (2, 'Marie', 'fr')`);
    await this.outside.query(`INSERT INTO topic (id, name) VALUES (1, 'owls'), (2, 'space')`);
    await this.outside.query(`INSERT INTO story (id, title, hero_id) VALUES (1, 'The sword', 1), (2, 'The ray', 2)`);
    await this.outside.query(`INSERT INTO story_topic VALUES (1, 1)`);
  }

  async empty(): Promise<void> {
    await this.outside.query('TRUNCATE hero, story, topic, story_topic');
  }

  async stop(): Promise<void> {
    await Promise.all([this.dataSource.destroy(), this.outside.destroy()]);
    await this.server.stop();
  }
}
