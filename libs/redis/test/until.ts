import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves once `condition` holds; fails after `timeoutMs`. */
export async function until(condition: () => unknown, timeoutMs = 5_000): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`Not within ${timeoutMs} ms: ${condition.toString()}`);
    await sleep(2);
  }
}

/** What came of a promise, and how long it took. */
export async function timed<T>(promise: Promise<T>): Promise<{ tookMs: number; value?: T; error?: unknown }> {
  const startMs = performance.now();
  try {
    const value = await promise;
    return { tookMs: performance.now() - startMs, value };
  } catch (error) {
    return { tookMs: performance.now() - startMs, error };
  }
}
