import { performance } from 'node:perf_hooks';

/** One way to do the work that is compared: runs for about `sliceMs` and returns the operations it did. */
export interface Contender {
  readonly name: string;
  readonly run: (sliceMs: number) => Promise<number>;
}

/** Medians over the rounds; ratios are taken within a round, against the first contender. */
export interface Measurement {
  readonly name: string;
  readonly opsPerSecond: number;
  readonly cpuUsPerOp: number;
  readonly throughputRatio: number;
  readonly cpuRatio: number;
}

interface Slice {
  readonly opsPerSecond: number;
  readonly cpuUsPerOp: number;
}

/**
 * Times contenders side by side: in each round every one gets a short slice, in random order, so that what else the
 * machine does meets all alike. The first round warms up and does not count.
 */
export async function measureInterleaved(
  contenders: readonly Contender[],
  { rounds, sliceMs }: { readonly rounds: number; readonly sliceMs: number },
): Promise<Measurement[]> {
  const slices = new Map<Contender, Slice[]>(contenders.map((contender) => [contender, []]));
  for (let round = -1; round < rounds; round++) {
    for (const contender of shuffled(contenders)) {
      const slice = await timeSlice(contender, sliceMs);
      if (round >= 0) slices.get(contender)?.push(slice);
    }
  }
  const reference = slices.get(contenders[0] as Contender) ?? [];
  return contenders.map((contender) => {
    const own = slices.get(contender) ?? [];
    const ratios = (field: keyof Slice) => own.map((slice, round) => slice[field] / (reference[round]?.[field] ?? NaN));
    return {
      name: contender.name,
      opsPerSecond: median(own.map((slice) => slice.opsPerSecond)),
      cpuUsPerOp: median(own.map((slice) => slice.cpuUsPerOp)),
      throughputRatio: median(ratios('opsPerSecond')),
      cpuRatio: median(ratios('cpuUsPerOp')),
    };
  });
}

async function timeSlice(contender: Contender, sliceMs: number): Promise<Slice> {
  const cpuBefore = process.cpuUsage();
  const startedAtMs = performance.now();
  const operations = await contender.run(sliceMs);
  const elapsedMs = performance.now() - startedAtMs;
  const cpu = process.cpuUsage(cpuBefore);
  return { opsPerSecond: (operations / elapsedMs) * 1_000, cpuUsPerOp: (cpu.user + cpu.system) / operations };
}

/** Keeps `callers` loops busy for `sliceMs`, each awaiting one operation at a time. */
export async function runCallers(
  callers: number,
  sliceMs: number,
  operation: (index: number) => Promise<unknown>,
): Promise<number> {
  const endAtMs = performance.now() + sliceMs;
  let operations = 0;
  const loop = async () => {
    while (performance.now() < endAtMs) await operation(operations++);
  };
  await Promise.all(Array.from({ length: callers }, loop));
  return operations;
}

function shuffled<T>(items: readonly T[]): T[] {
  return items
    .map((item) => ({ item, order: Math.random() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}

/** The value in the middle; of two, what is between them. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}
