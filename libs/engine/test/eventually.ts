const LOOK_EVERY_MS = 2;

/** Resolves once it is true; rejects when it is not within `withinMs`. */
export async function eventually(isTrue: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > giveUpAtMs) throw new Error(`It did not become true within ${String(withinMs)} ms.`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
