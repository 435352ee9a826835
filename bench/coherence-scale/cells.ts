import { SeededRandom } from '@nest-strata/testing';
import { setTimeout as wait } from 'node:timers/promises';
import { shuffledIndexes, PopularIndexes } from './choose-keys.js';
import type { FleetSetup } from './fleet-setup.js';
import { KEY_COUNT } from './key-space.js';
import { median } from '../interleaved.js';
import type { Operation } from './operations.js';
import type { Rig } from './rig.js';

/** One way to write and to listen. */
export interface Cell {
  readonly name: string;
  readonly operation: Operation;
  readonly fleet: FleetSetup;
  /** Writes per second, or as many as go. */
  readonly pace: number | 'burst';
  /** Default: every key once at most. */
  readonly popular?: boolean;
}

/** Medians over the rounds. Messages, keys, bytes and re-reads are those of one process. */
export interface CellFigures {
  readonly cell: Cell;
  readonly cpuUsPerWrite: number;
  /** Beside the first cell, in the same round. */
  readonly addedUsPerWrite: number;
  /** The share of one core that the server uses. */
  readonly busy: number;
  readonly writesPerSecond: number;
  readonly messagesPerWrite: number;
  readonly keysPerWrite: number;
  readonly bytesPerWrite: number;
  readonly rereadsPerWrite: number;
}

type Slice = Omit<CellFigures, 'cell' | 'addedUsPerWrite'>;

const SLICE_MS = 250;
/** By then the server has sent what there was to send. */
const SETTLE_MS = 15;

const popularWrites = new PopularIndexes(KEY_COUNT, new SeededRandom(4));

/** Measures all cells in each round, in random order, so that what else the machine does meets all alike. */
export async function measureCells(rig: Rig, cells: readonly Cell[], rounds: number): Promise<CellFigures[]> {
  const slices = new Map<Cell, Slice[]>(cells.map((cell) => [cell, []]));
  for (let round = 0; round < rounds; round++) {
    for (const place of shuffledIndexes(cells.length, rig.random)) {
      const cell = cells[place] as Cell;
      slices.get(cell)?.push(await measureSlice(rig, cell));
    }
  }
  const reference = slices.get(cells[0] as Cell) ?? [];
  return cells.map((cell) => {
    const own = slices.get(cell) ?? [];
    const middle = (figure: keyof Slice) => median(own.map((slice) => slice[figure]));
    return {
      cell,
      cpuUsPerWrite: middle('cpuUsPerWrite'),
      addedUsPerWrite: median(
        own.map(({ cpuUsPerWrite }, round) => cpuUsPerWrite - (reference[round]?.cpuUsPerWrite ?? NaN)),
      ),
      busy: middle('busy'),
      writesPerSecond: middle('writesPerSecond'),
      messagesPerWrite: middle('messagesPerWrite'),
      keysPerWrite: middle('keysPerWrite'),
      bytesPerWrite: middle('bytesPerWrite'),
      rereadsPerWrite: middle('rereadsPerWrite'),
    };
  });
}

async function measureSlice(rig: Rig, { operation, fleet, pace, popular }: Cell): Promise<Slice> {
  const writes = pace === 'burst' ? KEY_COUNT : Math.min(KEY_COUNT, (pace * SLICE_MS) / 1_000);
  const indexes =
    popular === true
      ? Array.from({ length: writes }, () => popularWrites.next())
      : shuffledIndexes(KEY_COUNT, rig.random).slice(0, writes);

  await rig.fleet.open(fleet);
  const cpuBeforeUs = await rig.serverCpuUs();
  const startedAtMs = performance.now();
  if (pace === 'burst') await rig.writer.burst(operation, indexes);
  else await rig.writer.steadily(operation, indexes, pace);
  const elapsedMs = performance.now() - startedAtMs;
  await wait(SETTLE_MS);
  const cpuUs = (await rig.serverCpuUs()) - cpuBeforeUs;
  const heard = await rig.fleet.close();
  if (fleet.mode === 'tracking-reads') await rig.rewrite();

  const perProcess = (count: number) => (fleet.clients === 0 ? 0 : count / writes / fleet.clients);
  return {
    cpuUsPerWrite: cpuUs / writes,
    busy: cpuUs / 1_000 / elapsedMs,
    writesPerSecond: (writes / elapsedMs) * 1_000,
    messagesPerWrite: perProcess(heard.messages),
    keysPerWrite: perProcess(heard.keys),
    bytesPerWrite: perProcess(heard.bytes),
    rereadsPerWrite: perProcess(heard.rereads),
  };
}
