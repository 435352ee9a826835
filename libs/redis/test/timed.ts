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
