import { fileURLToPath } from 'node:url';
import { Fleet, RedisServer } from '@nest-strata/testing';
import type { LatencyWorker } from './coherence-latency/latency.worker.js';

const ROUNDS = 2_000;
const SOURCES = [
  '--conditions=@nest-strata/source',
  '--import',
  fileURLToPath(new URL('../tools/dev.mjs', import.meta.url)),
];

/** How long after its acknowledgement an evict is seen in the memory of another process, beside a message that is published. */
export async function coherenceLatency(): Promise<void> {
  await using server = await RedisServer.start();
  const fleet = await Fleet.start<LatencyWorker>(new URL('./coherence-latency/latency.worker.ts', import.meta.url), {
    size: 2,
    execArgv: SOURCES,
    dataOf: () => ({ port: server.port }),
  });
  const [writer, reader] = [fleet.worker(0), fleet.worker(1)];
  const evictsMs: number[] = [];
  const messagesMs: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const key = `key-${String(round)}`;
    await writer.call('set', key);
    if ((await reader.call('warm', key)) !== 'memory') continue;
    const [seenNs, ackedNs] = await Promise.all([reader.call('holdUntilGone', key), writer.call('evict', key)]);
    evictsMs.push(Math.max(0, Number(seenNs - ackedNs) / 1e6));
    const [heardNs, publishedNs] = await Promise.all([reader.call('heard', key), writer.call('publish', key)]);
    messagesMs.push(Math.max(0, Number(heardNs - publishedNs) / 1e6));
  }
  await fleet.stop();
  console.log(`\n### From acknowledgement to another process, ms, ${String(evictsMs.length)} rounds\n`);
  console.log('|  | p50 | p99 | p99.9 | max |\n|---|---|---|---|---|');
  console.log(rowOf('an evict is seen in memory', evictsMs));
  console.log(rowOf('a published message is heard (bare client)', messagesMs));
}

function rowOf(name: string, valuesMs: readonly number[]): string {
  const sorted = [...valuesMs].sort((one, other) => one - other);
  const at = (share: number): string =>
    (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(2);
  return `| ${name} | ${at(0.5)} | ${at(0.99)} | ${at(0.999)} | ${at(1)} |`;
}
