import 'reflect-metadata';
import { CacheModule, CacheService } from '@nest-strata/cache';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GreetingService } from './greeting.service.js';

const url = process.env['REDIS_URL'];

@Module({
  imports: [CacheModule.forRoot(url === undefined ? {} : { namespace: 'compat', redis: { url } })],
  providers: [GreetingService],
})
class AppModule {}

/** One life of the app: it greets twice and tells how often it worked for it and what the cache counted. */
async function live() {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  const greetings = app.get(GreetingService);
  const [first, second] = [await greetings.greet('Ada'), await greetings.greet('Ada')];
  const { hits, misses } = app.get(CacheService).stats();
  await app.close();
  return {
    loads: greetings.loads,
    hits,
    misses,
    text: second.text,
    sameDate: second.at instanceof Date && second.at.getTime() === first.at.getTime(),
  };
}

async function main() {
  console.log(JSON.stringify([await live(), await live()]));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
