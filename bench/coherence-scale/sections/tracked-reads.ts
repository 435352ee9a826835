import { setTimeout as wait } from 'node:timers/promises';
import { median } from '../../interleaved.js';
import { shuffledIndexes } from '../choose-keys.js';
import { fleetOf } from '../fleet-setup.js';
import { KEY_COUNT, VALUE, valueKey } from '../key-space.js';
import { printTable } from '../print.js';
import { RawConnection } from '../raw-connection.js';
import { command } from '../resp.js';
import type { Rig } from '../rig.js';

const GETS_PER_TICK = 16;
const GET_BYTES = `$${String(VALUE.length)}\r\n${VALUE}\r\n`.length;
const MAX_TRACKED_KEYS = 5_000;
const DEFAULT_MAX_TRACKED_KEYS = 1_000_000;
/** The server measures the buffers of its clients by and by. */
const SETTLE_MS = 1_500;

/** What remembering costs: time for each read, and room for each key and each process that read it. */
export async function trackedReads(rig: Rig, rounds: number): Promise<void> {
  await timeOfReads(rig, rounds);
  await roomOfKeys(rig);
  await fullTable(rig);
}

async function timeOfReads(rig: Rig, rounds: number): Promise<void> {
  const kinds: Record<'untracked' | 'first' | 'again', number[]> = { untracked: [], first: [], again: [] };
  for (let round = 0; round < rounds; round++) {
    const reader = await RawConnection.open(rig.port);
    kinds.untracked.push(await readAllUs(rig, reader));
    const subscriber = await RawConnection.open(rig.port);
    const id = (await subscriber.ask(command('CLIENT', 'ID'))).slice(1).trim();
    await reader.send(command('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id), '+OK\r\n'.length);
    kinds.first.push(await readAllUs(rig, reader));
    kinds.again.push(await readAllUs(rig, reader));
    subscriber.close();
    reader.close();
    await rig.rewrite();
  }
  const rows = [
    ['not tracked', median(kinds.untracked).toFixed(2)],
    ['tracked, the first time', median(kinds.first).toFixed(2)],
    ['tracked, remembered already', median(kinds.again).toFixed(2)],
  ];
  printTable('Reads, in pipelines of 16', ['GET', 'server µs'], rows);
}

/** Reads every key once; the server's µs for one. */
async function readAllUs(rig: Rig, reader: RawConnection): Promise<number> {
  const indexes = shuffledIndexes(KEY_COUNT, rig.random);
  const cpuBeforeUs = await rig.serverCpuUs();
  for (let start = 0; start < KEY_COUNT; start += GETS_PER_TICK) {
    const batch = indexes.slice(start, start + GETS_PER_TICK);
    await reader.send(batch.map((index) => command('GET', valueKey(index))).join(''), batch.length * GET_BYTES);
  }
  return ((await rig.serverCpuUs()) - cpuBeforeUs) / KEY_COUNT;
}

async function roomOfKeys(rig: Rig): Promise<void> {
  const rows: string[][] = [];
  for (const clients of [1, 20, 100]) {
    await rig.fleet.open(fleetOf('tracking-reads', clients, { heldKeys: KEY_COUNT }));
    const fullBytes = await usedBytes(rig);
    const keys = await rig.figure('stats', 'tracking_total_keys');
    const items = await rig.figure('stats', 'tracking_total_items');
    await rig.rewrite();
    const tableBytes = fullBytes - (await usedBytes(rig));
    await rig.fleet.close();
    rows.push([clients, keys, items, (tableBytes / keys).toFixed(0), (tableBytes / items).toFixed(0)].map(String));
  }
  const columns = ['readers of each key', 'tracking_total_keys', 'tracking_total_items', 'bytes/key', 'bytes/reader'];
  printTable('What the server remembers', columns, rows);
}

/** All that is not the buffers of clients. */
async function usedBytes(rig: Rig): Promise<number> {
  await wait(SETTLE_MS);
  return (await rig.figure('memory', 'used_memory')) - (await rig.figure('memory', 'mem_clients_normal'));
}

async function fullTable(rig: Rig): Promise<void> {
  const rows: string[][] = [];
  for (const maxKeys of [DEFAULT_MAX_TRACKED_KEYS, MAX_TRACKED_KEYS]) {
    await rig.configure('tracking-table-max-keys', maxKeys);
    const cpuBeforeUs = await rig.serverCpuUs();
    await rig.fleet.open(fleetOf('tracking-reads', 1, { heldKeys: KEY_COUNT }));
    const cpuUs = (await rig.serverCpuUs()) - cpuBeforeUs;
    const keys = await rig.figure('stats', 'tracking_total_keys');
    const { messages } = await rig.fleet.close();
    rows.push([maxKeys, KEY_COUNT, keys, messages, (cpuUs / KEY_COUNT).toFixed(2)].map(String));
    await rig.rewrite();
  }
  await rig.configure('tracking-table-max-keys', DEFAULT_MAX_TRACKED_KEYS);
  const columns = ['tracking-table-max-keys', 'keys read', 'still remembered', 'messages', 'server µs/read'];
  printTable('When the server may not remember all', columns, rows);
}
