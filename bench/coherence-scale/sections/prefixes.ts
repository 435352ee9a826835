import { measureCells, type Cell } from '../cells.js';
import { fleetOf } from '../fleet-setup.js';
import { channelOf, COMMON_PREFIX, prefixesOf } from '../key-space.js';
import { set, setAndPublish } from '../operations.js';
import { printCells, printTable } from '../print.js';
import type { Rig } from '../rig.js';

const CLIENTS = 100;
const HUNDREDS = 300;
const CACHES = 10;
const PER_SECOND = 1_000;

/** Processes that keep one of ten caches in memory: told of all, or of their own. */
export async function prefixPerCache(rig: Rig, rounds: number): Promise<void> {
  const caches = Array.from({ length: CACHES }, (_, cache) => cache);
  const own = { prefixSets: caches.map((cache) => prefixesOf(cache)), channels: caches.map(channelOf) };
  for (const pace of ['burst', PER_SECOND] as const) {
    const oneChannel = setAndPublish(CACHES, 1);
    const channelPerCache = setAndPublish(CACHES, CACHES);
    const forAll = { prefixSets: [[COMMON_PREFIX]] };
    const cells: Cell[] = [
      { name: 'nobody', operation: set(CACHES), fleet: fleetOf('none', 0), pace },
      { name: 'tracking, one prefix', operation: set(CACHES), fleet: fleetOf('tracking', CLIENTS, forAll), pace },
      { name: 'tracking, prefix per cache', operation: set(CACHES), fleet: fleetOf('tracking', CLIENTS, own), pace },
      { name: 'bus, one channel', operation: oneChannel, fleet: fleetOf('bus', CLIENTS), pace },
      { name: 'bus, channel per cache', operation: channelPerCache, fleet: fleetOf('bus', CLIENTS, own), pace },
    ];
    printCells('Processes that keep one of ten caches', await measureCells(rig, cells, rounds));
  }
}

/** Hundreds of processes: told of all, of their own cache, or of what they hold. */
export async function hundreds(rig: Rig, rounds: number): Promise<void> {
  const caches = Array.from({ length: CACHES }, (_, cache) => cache);
  const [all, own] = [{ prefixSets: [[COMMON_PREFIX]] }, { prefixSets: caches.map((cache) => prefixesOf(cache)) }];
  const pace = PER_SECOND;
  const cells: Cell[] = [
    { name: 'nobody', operation: set(CACHES), fleet: fleetOf('none', 0), pace },
    { name: 'tracking, one prefix', operation: set(CACHES), fleet: fleetOf('tracking', HUNDREDS, all), pace },
    { name: 'tracking, prefix per cache', operation: set(CACHES), fleet: fleetOf('tracking', HUNDREDS, own), pace },
    { name: 'tracking-reads', operation: set(), fleet: fleetOf('tracking-reads', HUNDREDS), pace },
  ];
  printCells('Hundreds of processes', await measureCells(rig, cells, rounds));
}

/** The server compares a written key with every prefix that anyone follows. */
export async function numberOfPrefixes(rig: Rig, rounds: number): Promise<void> {
  const following = (caches: number): Cell => {
    const others = Array.from({ length: caches - 1 }, (_, cache) => prefixesOf(cache + 1)).flat();
    const prefixSets = [[...prefixesOf(0), ...others]];
    return { name: String(caches), operation: set(), fleet: fleetOf('tracking', 1, { prefixSets }), pace: 'burst' };
  };
  const figures = await measureCells(rig, [1, 10, 100, 300].map(following), rounds);
  const rows = figures.map((figure) => [
    figure.cell.name,
    String(figure.cell.fleet.prefixSets[0]?.length),
    figure.cpuUsPerWrite.toFixed(2),
    figure.addedUsPerWrite.toFixed(2),
  ]);
  printTable('By the number of prefixes, a burst', ['caches', 'prefixes', 'server µs/write', 'added µs'], rows);
}
