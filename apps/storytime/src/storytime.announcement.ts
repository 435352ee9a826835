import { type INestApplication, Logger } from '@nestjs/common';
import type { CacheSettings } from '@nest-strata/cache';
import { cacheConfig } from '@nest-strata/cache/config';
import { type DatabaseConfig, databaseConfig, MEMORY } from './config/database.config.js';

/** Tells whoever started the app where its data and its cache live and what to open. */
export async function announce(app: INestApplication): Promise<void> {
  const logger = new Logger('Storytime');
  const base = (await app.getUrl()).replace('[::1]', 'localhost').replace('127.0.0.1', 'localhost');
  logger.log(`Data:  ${whereIsData(app.get<DatabaseConfig>(databaseConfig.KEY))}`);
  logger.log(`Cache: ${whereIsCache(app.get<CacheSettings>(cacheConfig.KEY))}`);
  logger.log(`Open:  ${base}/docs  ${base}/stories  ${base}/health`);
}

function whereIsData(config: DatabaseConfig): string {
  if (config.kind === 'server') return `PostgreSQL at ${hostOf(config.url)}`;
  if (config.folder === MEMORY) return 'PostgreSQL embedded in this process, in memory: gone when it stops';
  return `PostgreSQL embedded in this process, kept in ${config.folder}; delete the folder to start afresh`;
}

function whereIsCache({ redis, enabled }: CacheSettings): string {
  if (enabled === false) return 'none, by CACHE_ENABLED';
  if (!redis || redis.url === undefined) return 'in the memory of this process; set REDIS_URL to keep it in Redis';
  return `in memory and in Redis at ${hostOf(redis.url)}`;
}

/** The host and port of a URL, and nothing of its password. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'the address that was given';
}
