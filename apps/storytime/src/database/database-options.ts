import { Inject, Injectable } from '@nestjs/common';
import type { TypeOrmModuleOptions, TypeOrmOptionsFactory } from '@nestjs/typeorm';
import { type DatabaseConfig, databaseConfig } from '../config/database.config.js';
import { schema } from './data-source.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

/** Chooses the PostgreSQL: a server is given a few seconds to come up, the embedded one is there or is not. */
@Injectable()
export class DatabaseOptions implements TypeOrmOptionsFactory {
  constructor(
    @Inject(databaseConfig.KEY) private readonly config: DatabaseConfig,
    private readonly embedded: EmbeddedPostgres,
  ) {}

  async createTypeOrmOptions(): Promise<TypeOrmModuleOptions> {
    if (this.config.kind === 'server') {
      return { ...schema, url: this.config.url, connectTimeoutMS: 5_000, retryAttempts: 5, retryDelay: 1_000 };
    }
    return { ...schema, extra: await this.embedded.open(this.config.folder), poolSize: 1, retryAttempts: 1 };
  }
}
