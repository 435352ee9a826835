import { measureInterleaved } from './interleaved.js';
import type { Contender } from './interleaved.js';

const ROUNDS = { rounds: 15, sliceMs: 150 };

/** Measures the contenders and prints what came out as a table; the first one is what the others are compared with. */
export async function compare(title: string, contenders: readonly Contender[]): Promise<void> {
  console.log(`\n### ${title}\n\n|  | ops/s | CPU µs/op | throughput × | CPU × |\n|---|---|---|---|---|`);
  for (const { name, opsPerSecond, cpuUsPerOp, throughputRatio, cpuRatio } of await measureInterleaved(
    contenders,
    ROUNDS,
  )) {
    const figures = [Math.round(opsPerSecond), cpuUsPerOp.toFixed(2), throughputRatio.toFixed(2), cpuRatio.toFixed(2)];
    console.log(`| ${[name, ...figures].join(' | ')} |`);
  }
}
