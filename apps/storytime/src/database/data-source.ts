import { type DataSource, type DataSourceOptions, MigrationExecutor } from 'typeorm';
import { Child } from '../children/child.entity.js';
import { Hero } from '../heroes/hero.entity.js';
import { Story } from '../stories/story.entity.js';
import { connect } from './connect.js';
import { CreateTables1767225600000 } from './migrations/create-tables.migration.js';
import { SeedStories1767225600001 } from './migrations/seed-stories.migration.js';

/** What a server and the embedded PostgreSQL have in common: the same tables by the same migrations. */
export const schema = {
  type: 'postgres',
  entities: [Hero, Child, Story],
  migrations: [CreateTables1767225600000, SeedStories1767225600001],
} satisfies DataSourceOptions;

/** Any number that nobody else who shares the server uses. */
const MIGRATION_LOCK = 7_867_984;

/** Opens the database and brings its tables up to date; of several processes that start together one migrates. */
export async function openMigrated(options: DataSourceOptions = schema): Promise<DataSource> {
  const dataSource = await connect(options);
  try {
    await migrate(dataSource);
    return dataSource;
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
}

async function migrate(dataSource: DataSource): Promise<void> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await new MigrationExecutor(dataSource, runner).executePendingMigrations();
    await runner.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]);
  } finally {
    await runner.release();
  }
}
