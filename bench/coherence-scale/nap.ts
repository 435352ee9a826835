const NOBODY_WAKES = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread; finer than a timer, and the processor is free meanwhile. */
export function nap(durationMs: number): void {
  Atomics.wait(NOBODY_WAKES, 0, 0, durationMs);
}
