import { setTimeout as sleep } from 'node:timers/promises';
import { LIVENESS_BOUND_MS } from '@nest-strata/engine';
import type { FaultWindow, NetworkFaults } from '@nest-strata/testing';
import type { CacheFleet } from './cache-fleet.js';

/** Which connections of a worker. */
type Connections = 'all' | 'data' | 'subscriber';

/** Something that breaks for a while, and is mended. */
export type Fault =
  | { readonly kind: 'blackhole'; readonly worker: number; readonly on: Connections; readonly forMs: number }
  | { readonly kind: 'hold'; readonly worker: number; readonly on: Connections; readonly forMs: number }
  | { readonly kind: 'drop-replies'; readonly worker: number; readonly on: Connections; readonly forMs: number }
  | { readonly kind: 'drop-requests'; readonly worker: number; readonly on: Connections; readonly forMs: number }
  | {
      readonly kind: 'delay';
      readonly worker: number;
      readonly on: Connections;
      readonly delayMs: number;
      readonly forMs: number;
    }
  | { readonly kind: 'reset'; readonly worker: number; readonly on: Connections }
  | { readonly kind: 'pause-worker'; readonly worker: number; readonly forMs: number }
  | { readonly kind: 'block-event-loop'; readonly worker: number; readonly forMs: number }
  | { readonly kind: 'wall-clock'; readonly worker: number; readonly offsetMs: number }
  | { readonly kind: 'pause-redis'; readonly forMs: number }
  | { readonly kind: 'kill-clients'; readonly type: 'normal' | 'pubsub' }
  | { readonly kind: 'flush-scripts' }
  | { readonly kind: 'flush-all' };

/**
 * Injects a fault, mends it, waits until its effect is over for those whom it concerns, and tells when that was.
 *
 * A connection that died unnoticed is replaced within the liveness bound, so what is mended counts as broken for as long.
 */
export async function injectFault(fleet: CacheFleet, cache: string, fault: Fault): Promise<FaultWindow> {
  const startNs = process.hrtime.bigint();
  await breakAndMend(fleet, fault);
  await sleep(LIVENESS_BOUND_MS);
  const concerned = 'worker' in fault ? [fleet.worker(fault.worker)] : fleet.workers;
  await Promise.all(concerned.map((worker) => worker.call('untilReady', cache)));
  const window = { startNs, endNs: process.hrtime.bigint() };
  return 'worker' in fault ? { ...window, processes: concerned.map(({ name }) => name) } : window;
}

async function breakAndMend(fleet: CacheFleet, fault: Fault): Promise<void> {
  switch (fault.kind) {
    case 'blackhole':
      return brokenFor(fault.forMs, connectionsOf(fleet, fault), (network) => network.blackhole());
    case 'hold':
      return brokenFor(fault.forMs, connectionsOf(fleet, fault), (network) => network.hold());
    case 'drop-replies':
      return brokenFor(fault.forMs, connectionsOf(fleet, fault), (network) => network.drop('replies'));
    case 'drop-requests':
      return brokenFor(fault.forMs, connectionsOf(fleet, fault), (network) => network.drop('requests'));
    case 'delay':
      return brokenFor(fault.forMs, connectionsOf(fleet, fault), (network) => network.delay(fault.delayMs));
    case 'reset':
      connectionsOf(fleet, fault).resetConnections();
      break;
    case 'pause-worker':
      return pausedFor(fault.forMs, fleet.worker(fault.worker));
    case 'pause-redis':
      return pausedFor(fault.forMs, fleet.redis);
    case 'block-event-loop':
      return fleet.worker(fault.worker).blockEventLoop(fault.forMs);
    case 'wall-clock':
      return fleet.worker(fault.worker).setWallClockOffset(fault.offsetMs);
    case 'kill-clients':
      await fleet.tellRedis('CLIENT', 'KILL', 'TYPE', fault.type);
      break;
    case 'flush-scripts':
      await fleet.tellRedis('SCRIPT', 'FLUSH');
      break;
    case 'flush-all':
      await fleet.tellRedis('FLUSHALL');
  }
}

async function brokenFor(forMs: number, network: NetworkFaults, breakIt: (network: NetworkFaults) => void) {
  breakIt(network);
  await sleep(forMs);
  network.heal();
}

async function pausedFor(forMs: number, victim: { pause(): void; resume(): void }): Promise<void> {
  victim.pause();
  await sleep(forMs);
  victim.resume();
}

function connectionsOf(fleet: CacheFleet, { worker, on }: { worker: number; on: Connections }): NetworkFaults {
  const network = fleet.network(worker);
  return on === 'all' ? network : network.where(({ isSubscriber }) => isSubscriber === (on === 'subscriber'));
}
