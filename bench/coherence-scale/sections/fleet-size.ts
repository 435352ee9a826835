import { measureCells, type Cell } from '../cells.js';
import { fleetOf, type Mode } from '../fleet-setup.js';
import { scriptedSet, set, setAndPublish } from '../operations.js';
import { printCells } from '../print.js';
import type { Rig } from '../rig.js';

const SIZES = [1, 5, 20, 100];
const PACES = ['burst', 1_000, 5_000] as const;

/** What a write costs the server, and what each process hears of it, by the number of processes that listen. */
export async function fleetSize(rig: Rig, rounds: number): Promise<void> {
  for (const pace of PACES) {
    const listening = (mode: Mode, operation: Cell['operation'], sizes = SIZES): Cell[] =>
      sizes.map((clients) => ({ name: mode, operation, fleet: fleetOf(mode, clients), pace }));
    const cells: Cell[] = [
      { name: 'nobody', operation: set(), fleet: fleetOf('none', 0), pace },
      ...listening('tracking', set()),
      ...listening('tracking-reads', set()),
      { name: 'nobody (set in a script)', operation: scriptedSet(), fleet: fleetOf('none', 0), pace },
      ...listening('bus', setAndPublish(), [0, ...SIZES]),
    ];
    printCells('By the number of processes', await measureCells(rig, cells, rounds));
  }
}
