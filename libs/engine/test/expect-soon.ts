import { isDeepStrictEqual } from 'node:util';
import { expect } from '@jest/globals';

/** Far more than a change takes to be told, and less than the bound for when it is not. */
const SOON_MS = 500;
const LOOK_EVERY_MS = 2;

/** Expects that what `read` gives becomes `expected`, and names what it gave last if it does not. */
export async function expectSoon(read: () => unknown, expected: unknown, withinMs = SOON_MS): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  let last = await read();
  while (!isDeepStrictEqual(last, expected) && performance.now() < giveUpAtMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    last = await read();
  }
  expect(last).toEqual(expected);
}
