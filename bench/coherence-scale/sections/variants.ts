import { setTimeout as wait } from 'node:timers/promises';
import { median } from '../../interleaved.js';
import { measureCells, type Cell } from '../cells.js';
import { fleetOf, type Mode } from '../fleet-setup.js';
import { COMMON_PREFIX, prefixesOf } from '../key-space.js';
import { load, set } from '../operations.js';
import { printCells, printTable } from '../print.js';
import type { Rig } from '../rig.js';

const CLIENTS = 100;
const LOAD_CLIENTS = 20;
const PER_SECOND = 1_000;
const HEARTBEAT_MS = 300;
const IDLE_MS = 1_000;

/** `tracking` with and without `NOLOOP`, and with two data connections in each process. */
export async function trackingVariants(rig: Rig, rounds: number): Promise<void> {
  for (const pace of ['burst', PER_SECOND] as const) {
    const tracking = (name: string, different: { noLoop?: boolean; dataConnections?: number }): Cell => ({
      name,
      operation: set(),
      fleet: fleetOf('tracking', CLIENTS, different),
      pace,
    });
    const cells: Cell[] = [
      { name: 'nobody', operation: set(), fleet: fleetOf('none', 0), pace },
      tracking('tracking', {}),
      tracking('tracking without NOLOOP', { noLoop: false }),
      tracking('tracking, 2 data connections', { dataConnections: 2 }),
    ];
    printCells('Ways to track', await measureCells(rig, cells, rounds));
  }
}

/** What a load by one process tells all others: its lease, its value and the end of its lease. */
export async function loads(rig: Rig, rounds: number): Promise<void> {
  const operation = load({ publish: false });
  const telling = (name: string, mode: Mode, prefixes = prefixesOf(0)): Cell => ({
    name,
    operation: load({ publish: mode === 'bus' }),
    fleet: fleetOf(mode, LOAD_CLIENTS, { prefixSets: [prefixes] }),
    pace: PER_SECOND,
  });
  const cells: Cell[] = [
    { name: 'nobody', operation, fleet: fleetOf('none', 0), pace: PER_SECOND },
    telling('tracking', 'tracking'),
    telling('tracking, one prefix for all kinds', 'tracking', [COMMON_PREFIX]),
    telling('tracking, leases not followed', 'tracking', prefixesOf(0, ['v:', 't:', 'c'])),
    telling('tracking, values not followed', 'tracking', prefixesOf(0, ['t:', 'l:', 'c'])),
    telling('tracking-reads', 'tracking-reads'),
    telling('bus', 'bus'),
  ];
  printCells('Loads with a lease (a write is a load)', await measureCells(rig, cells, rounds));
}

/** What the proofs that changes are heard cost the server while nothing changes. */
export async function heartbeats(rig: Rig, rounds: number): Promise<void> {
  const idleCpuUs = async (heartbeatMs: number): Promise<number> => {
    await rig.fleet.open(fleetOf('tracking', CLIENTS, { heartbeatMs }));
    const cpuBeforeUs = await rig.serverCpuUs();
    const startedAtMs = performance.now();
    await wait(IDLE_MS);
    const cpuUs = (await rig.serverCpuUs()) - cpuBeforeUs;
    const perSecond = (cpuUs / (performance.now() - startedAtMs)) * 1_000;
    await rig.fleet.close();
    return perSecond;
  };
  const added: number[] = [];
  for (let round = 0; round < rounds; round++) added.push((await idleCpuUs(HEARTBEAT_MS)) - (await idleCpuUs(0)));
  const columns = ['processes', 'server ms/s', 'µs per heartbeat'];
  const perSecondUs = median(added);
  const perHeartbeatUs = perSecondUs / ((CLIENTS * 1_000) / HEARTBEAT_MS);
  const row = [String(CLIENTS), (perSecondUs / 1_000).toFixed(1), perHeartbeatUs.toFixed(0)];
  printTable(`A heartbeat every ${String(HEARTBEAT_MS)} ms`, columns, [row]);
}
