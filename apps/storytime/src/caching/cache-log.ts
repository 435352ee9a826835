import type { CacheEvent } from '@nest-strata/cache';
import { Injectable, Logger } from '@nestjs/common';
import { OnEvent } from '@nestjs/event-emitter';

/** Tells each thing that the cache does, to watch it at work. */
@Injectable()
export class CacheLog {
  private readonly logger = new Logger('Cache');

  @OnEvent('cache.*')
  tell(event: CacheEvent): void {
    this.logger.log(lineOf(event));
  }
}

function lineOf(event: CacheEvent): string {
  switch (event.type) {
    case 'hit':
      return `hit    ${event.key} (${event.tier})`;
    case 'miss':
    case 'set':
      return `${event.type.padEnd(6)} ${event.key}`;
    case 'load':
      return `load   ${event.key} (${event.durationMs.toFixed(1)} ms${event.background ? ', in the background' : ''})`;
    case 'evict':
      return `evict  ${event.by} ${event.targets.join(' ')}`;
    case 'error':
      return `error  ${event.operation}: ${String(event.error)}`;
    case 'degraded':
      return `degraded: ${event.reason}`;
    case 'recovered':
      return 'recovered';
    case 'coherence':
      return `coherence ${event.state}${event.reason === undefined ? '' : `: ${event.reason}`}`;
    case 'pending':
      return `pending ${event.change}: ${String(event.count)} evicts wait for Redis`;
    case 'write-behind':
      return `behind ${event.event.type}`;
    case 'failover':
      return `failover: ${event.verdict}`;
  }
}
