/** Keeps the process alive until `work` is done: the timers of the clock do not, and what is awaited must not be lost. */
export async function stayAliveFor<T>(work: Promise<T>): Promise<T> {
  const staying = setInterval(() => undefined, 60_000);
  try {
    return await work;
  } finally {
    clearInterval(staying);
  }
}
