import { measureCells, type Cell } from '../cells.js';
import { fleetOf } from '../fleet-setup.js';
import { KEY_COUNT } from '../key-space.js';
import { set, setAndPublish } from '../operations.js';
import { printCells } from '../print.js';
import type { Rig } from '../rig.js';

const CLIENTS = 20;
const PER_SECOND = 1_000;

/** `tracking-reads` by the share of the keys that a process has read since they changed. */
export async function heldKeys(rig: Rig, rounds: number): Promise<void> {
  for (const pace of ['burst', PER_SECOND] as const) {
    const holding = (share: number): Cell => ({
      name: `tracking-reads, ${String(share * 100)} % held`,
      operation: set(),
      fleet: fleetOf('tracking-reads', CLIENTS, { heldKeys: KEY_COUNT * share }),
      pace,
    });
    const cells: Cell[] = [
      { name: 'nobody', operation: set(), fleet: fleetOf('none', 0), pace },
      { name: 'tracking', operation: set(), fleet: fleetOf('tracking', CLIENTS), pace },
      ...[0.01, 0.1, 0.5, 1].map(holding),
    ];
    printCells('By what the processes hold', await measureCells(rig, cells, rounds));
  }
}

/** All in all: processes that hold the popular keys and read them again as soon as they hear of a change. */
export async function rereading(rig: Rig, rounds: number): Promise<void> {
  for (const popular of [false, true]) {
    const fleet = { heldKeys: KEY_COUNT / 10, rereads: true };
    const cells: Cell[] = [
      { name: 'nobody', operation: set(), fleet: fleetOf('none', 0), pace: PER_SECOND, popular },
      ...(['tracking', 'tracking-reads', 'bus'] as const).map((mode) => ({
        name: mode,
        operation: mode === 'bus' ? setAndPublish() : set(),
        fleet: fleetOf(mode, CLIENTS, fleet),
        pace: PER_SECOND,
        popular,
      })),
    ];
    const title = popular ? 'popular keys are written most (Zipf)' : 'all keys are written alike';
    printCells(`With re-reads, ${title}`, await measureCells(rig, cells, rounds));
  }
}
