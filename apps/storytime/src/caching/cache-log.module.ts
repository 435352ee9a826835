import { Module } from '@nestjs/common';
import { EventEmitterModule } from '@nestjs/event-emitter';
import { CacheLog } from './cache-log.js';

/** Makes the cache tell its events, and logs them. */
@Module({ imports: [EventEmitterModule.forRoot({ wildcard: true })], providers: [CacheLog] })
export class CacheLogModule {}
