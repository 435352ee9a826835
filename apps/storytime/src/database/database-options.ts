import { Inject, Injectable } from '@nestjs/common';
import type { TypeOrmModuleOptions, TypeOrmOptionsFactory } from '@nestjs/typeorm';
import type { DataSourceOptions } from 'typeorm';
import { type DatabaseConfig, databaseConfig } from '../config/database.config.js';
import { schema } from './data-source.js';
import { EmbeddedPostgres } from './embedded-postgres.js';

/** Says how to reach the PostgreSQL of the configuration. */
@Injectable()
export class DatabaseOptions implements TypeOrmOptionsFactory {
  constructor(
    @Inject(databaseConfig.KEY) private readonly config: DatabaseConfig,
    private readonly embedded: EmbeddedPostgres,
  ) {}

  async createTypeOrmOptions(): Promise<TypeOrmModuleOptions> {
    return { ...schema, ...(await this.connection()), toRetry: () => false };
  }

  private async connection(): Promise<Partial<Extract<DataSourceOptions, { type: 'postgres' }>>> {
    if (this.config.kind === 'server') return { url: this.config.url, connectTimeoutMS: 5_000 };
    return { extra: await this.embedded.open(this.config.folder), poolSize: 1 };
  }
}
