import { Injectable, Logger } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { CacheEngine } from '@nest-strata/engine';
import type { CacheEvent } from '@nest-strata/engine';
import { OptionalPeers } from '../optional-peers.js';

/** What the class EventEmitter2 is called where it is defined. */
const EMITTER_CLASS_NAME = 'EventEmitter';

/** What is used of the EventEmitter2 that `EventEmitterModule` of @nestjs/event-emitter provides. */
interface Emitter {
  emit(event: string, payload: unknown): boolean;
  onAny(listener: (...args: unknown[]) => void): unknown;
}

/**
 * Tells the application's event emitter what the caches do, as `cache.hit`, `cache.miss`, `cache.load`, `cache.set`,
 * `cache.evict`, `cache.error`, `cache.degraded` and `cache.recovered`; the payload is the {@link CacheEvent}.
 *
 * Does nothing in an application without `EventEmitterModule`.
 */
@Injectable()
export class EventEmitterBridge implements OnModuleInit {
  private readonly logger = new Logger(EventEmitterBridge.name);

  constructor(
    private readonly engine: CacheEngine,
    private readonly peers: OptionalPeers,
  ) {}

  onModuleInit(): void {
    const emitter = this.peers.find(EMITTER_CLASS_NAME, isEmitter);
    if (emitter) this.engine.listen((event) => this.tell(emitter, event));
  }

  /** A listener that throws must not break the call that it hears of. */
  private tell(emitter: Emitter, event: CacheEvent): void {
    try {
      emitter.emit(`cache.${event.type}`, event);
    } catch (error) {
      this.logger.error('a listener of a cache event has thrown', { event: `cache.${event.type}`, error });
    }
  }
}

function isEmitter(instance: object): instance is Emitter {
  const { emit, onAny } = instance as Partial<Emitter>;
  return typeof emit === 'function' && typeof onAny === 'function';
}
