import { channelOf, prefixesOf } from './key-space.js';

/** How a process hears of changes; `none`: not at all. */
export type Mode = 'none' | 'tracking' | 'tracking-reads' | 'bus';

/** The processes that listen, each with a connection for data and one for what it is told. */
export interface FleetSetup {
  readonly mode: Mode;
  readonly clients: number;
  /** What the clients follow by `tracking`, taken in turn. */
  readonly prefixSets: readonly (readonly string[])[];
  /** What the clients follow by `bus`, taken in turn. */
  readonly channels: readonly string[];
  readonly noLoop: boolean;
  /** How many data connections a client arms; all tell the same subscriber. */
  readonly dataConnections: number;
  /** How many keys a client has read and keeps, the popular ones most likely. */
  readonly heldKeys: number;
  /** Whether a client reads a key that it holds again once it is told of a change. */
  readonly rereads: boolean;
  /** How often a client proves that it hears, in ms; 0: never. */
  readonly heartbeatMs: number;
}

/** A fleet of one cache, of which every client holds a tenth. */
export function fleetOf(mode: Mode, clients: number, different: Partial<FleetSetup> = {}): FleetSetup {
  return {
    mode,
    clients,
    prefixSets: [prefixesOf(0)],
    channels: [channelOf(0)],
    // With NOLOOP the default mode forgets keys without a word: what the server cannot remember, evicts or is written here.
    noLoop: mode === 'tracking',
    dataConnections: 1,
    heldKeys: mode === 'tracking-reads' ? 2_000 : 0,
    rereads: false,
    heartbeatMs: 0,
    ...different,
  };
}
