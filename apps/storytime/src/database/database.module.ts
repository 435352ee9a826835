import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { openMigrated } from './data-source.js';
import { DatabaseOptions } from './database-options.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

@Module({ providers: [EmbeddedPostgres, DatabaseOptions], exports: [DatabaseOptions] })
class DatabaseOptionsModule {}

/** The connection to PostgreSQL, for the whole app. */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      imports: [DatabaseOptionsModule],
      useExisting: DatabaseOptions,
      dataSourceFactory: openMigrated,
    }),
  ],
})
export class DatabaseModule {}
