import { HeldTraffic } from './held-traffic.js';
import type { NetworkFault, TrafficDirection } from './network-fault.js';

const BOTH_WAYS: readonly TrafficDirection[] = ['requests', 'replies'];

/**
 * What can be done to connections: to all of a `FaultProxy`, or to those that its `where` chooses.
 *
 * A fault holds until {@link heal} or another fault of the same connections: the latest one that concerns a connection
 * decides. It meets connections that are open and those to come.
 */
export abstract class NetworkFaults {
  /** Puts a fault into force and returns what ends it. */
  protected abstract apply(fault: NetworkFault): () => void;

  /** Breaks the open connections (RST, on both sides); new ones are welcome. */
  abstract resetConnections(): void;

  /**
   * Carries everything again, and delivers what was held. What lost something stays dead, as a flow that a firewall has
   * forgotten, and nobody tells its ends.
   */
  heal(): void {
    this.apply({ kind: 'none' });
  }

  /**
   * Swallows everything, in both directions, and tells nobody: a cable pulled. Connections stay open, and new ones are
   * accepted, as the system of a hung server would. One that loses a byte is dead in both directions for good.
   */
  blackhole(): void {
    this.apply({ kind: 'lose', directions: BOTH_WAYS });
  }

  /**
   * Makes a one-way street: swallows what goes this way and carries the rest. `drop('replies')` lets writes happen that
   * nobody is told of. A connection that loses a byte never carries one that way again.
   */
  drop(direction: TrafficDirection): void {
    this.apply({ kind: 'lose', directions: [direction] });
  }

  /**
   * Brings each reply of the server `delayMs` late. Requests arrive at once: a caller that gives up does not know that
   * its write was done. `delay(ms, 'requests')` is the other way round.
   */
  delay(delayMs: number, direction: TrafficDirection = 'replies'): void {
    this.apply({ kind: 'delay', direction, delayMs });
  }

  /**
   * Keeps replies (or requests) back and loses nothing: a short outage, after which TCP sends again. They are delivered
   * in order by `release()` of what this returns, by {@link heal} or by the next fault that lets them pass.
   */
  hold(direction: TrafficDirection = 'replies'): HeldTraffic {
    const held = new HeldTraffic(() => end());
    const end = this.apply({ kind: 'hold', direction, onHeld: (bytes) => held.add(bytes) });
    return held;
  }
}
