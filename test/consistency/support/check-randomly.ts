import fc from 'fast-check';

/** How a property of schedules is checked. */
export interface RandomCheckOptions {
  /** How many schedules; those of a replay aside. */
  readonly runs: number;
  /** When to stop, between two schedules, even if a failing one could be made smaller; 60 s by default. */
  readonly withinMs?: number;
}

const DEFAULT_WITHIN_MS = 60_000;

/**
 * Runs something for random schedules until one fails, then looks for a smaller one that fails too. Says how to repeat it:
 * `STRATA_SEED` (and `STRATA_SEED_PATH`, which leads to the smallest one found) in the environment.
 *
 * @throws Error with the schedule, the seed and what it failed with
 */
export async function checkRandomly<Schedule>(
  schedules: fc.Arbitrary<Schedule>,
  run: (schedule: Schedule) => Promise<void>,
  { runs, withinMs = DEFAULT_WITHIN_MS }: RandomCheckOptions,
): Promise<void> {
  const { STRATA_SEED: seed, STRATA_SEED_PATH: path } = process.env;
  const details = await fc.check(fc.asyncProperty(schedules, run), {
    ...(seed !== undefined && { seed: Number(seed) }),
    ...(path !== undefined && { path }),
    numRuns: runs,
    interruptAfterTimeLimit: withinMs,
    markInterruptAsFailure: false,
  });
  if (!details.failed) return;
  throw new Error(
    `Repeat with STRATA_SEED=${details.seed} STRATA_SEED_PATH=${details.counterexamplePath ?? ''} ` +
      `(${details.numShrinks} times made smaller):\n${fc.stringify(details.counterexample?.[0])}`,
    { cause: details.errorInstance },
  );
}
