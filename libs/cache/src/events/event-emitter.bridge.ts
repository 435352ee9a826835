import { Injectable } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { CacheEngine } from '@nest-strata/engine';
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
 * `cache.evict`, `cache.pending`, `cache.coherence`, `cache.failover`, `cache.write-behind`, `cache.error`,
 * `cache.degraded` and `cache.recovered`; the payload is the `CacheEvent`.
 *
 * Does nothing in an application without `EventEmitterModule`.
 */
@Injectable()
export class EventEmitterBridge implements OnModuleInit {
  constructor(
    private readonly engine: CacheEngine,
    private readonly peers: OptionalPeers,
  ) {}

  /** What a listener throws, the engine catches. */
  onModuleInit(): void {
    const emitter = this.peers.find(EMITTER_CLASS_NAME, isEmitter);
    if (emitter) this.engine.listen((event) => emitter.emit(`cache.${event.type}`, event));
  }
}

function isEmitter(instance: object): instance is Emitter {
  const { emit, onAny } = instance as Partial<Emitter>;
  return typeof emit === 'function' && typeof onAny === 'function';
}
