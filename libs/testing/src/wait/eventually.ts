import { setTimeout as sleep } from 'node:timers/promises';
import { ConditionTimeoutError } from './condition-timeout.error.js';

/** Often enough that a test loses no time, and seldom enough to leave the machine to what it waits for. */
const LOOK_EVERY_MS = 2;

/**
 * Resolves once `condition` holds: for what comes about by itself, on a network or in another process, and tells nobody.
 *
 * It looks at once, and again 2 ms after each answer. A condition that throws or rejects ends the wait with its error; one
 * that never answers is not cut short.
 *
 * @param withinMs how long it may take, in milliseconds; default 5,000, and 0 looks once
 * @throws ConditionTimeoutError when it does not hold in time
 */
export async function eventually(condition: () => boolean | Promise<boolean>, withinMs = 5_000): Promise<void> {
  const giveUpAtMs = performance.now() + withinMs;
  while (!(await condition())) {
    if (!(performance.now() < giveUpAtMs)) throw new ConditionTimeoutError(condition.toString(), withinMs);
    await sleep(LOOK_EVERY_MS);
  }
}
