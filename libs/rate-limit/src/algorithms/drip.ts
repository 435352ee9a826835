import type { LimitRate } from '../rule/limit-rule.js';
import { MAX_AMOUNT, MAX_SPAN_US } from './stored-number.js';

/**
 * A debt that time pays at an even rate, kept as the moment at which it is paid: `zeroUs` and `fraction` / `rate.count` of
 * a µs more. One token takes `rate.perUs` / `rate.count` µs, and no rounding is ever made. In GCRA this moment is the
 * theoretical arrival time, in a queue the next free slot, in a token bucket the moment at which it is full.
 */
export interface Drip {
  readonly zeroUs: number;
  readonly fraction: number;
  /** That by which it was computed. */
  readonly rate: LimitRate;
}

/** Whether there is a debt that was made at another rate. */
export function isConvertedDrip(rate: LimitRate, nowUs: number, kept: Drip): boolean {
  return kept.zeroUs >= nowUs && (kept.rate.count !== rate.count || kept.rate.perUs !== rate.perUs);
}

/** The debt as it is now. The tokens of a debt that was made at another rate are kept, and from now on paid at this one. */
export function settleDrip(rate: LimitRate, nowUs: number, kept: Drip | undefined): Drip {
  if (kept === undefined || kept.zeroUs < nowUs) return { zeroUs: nowUs, fraction: 0, rate };
  if (!isConvertedDrip(rate, nowUs, kept)) return kept;
  const tokens = ((kept.zeroUs - nowUs) * kept.rate.count + kept.fraction) / kept.rate.perUs;
  return dripAfter({ zeroUs: nowUs, fraction: 0, rate }, nowUs, Math.min(Math.ceil(tokens * rate.perUs), MAX_AMOUNT));
}

/** With the debt of so many tokens more. */
export function owe(drip: Drip, nowUs: number, tokens: number): Drip {
  return dripAfter(drip, nowUs, Math.min(tokens * drip.rate.perUs, MAX_AMOUNT));
}

/** With the debt of so many tokens less, at least none. */
export function forgive(drip: Drip, nowUs: number, tokens: number): Drip {
  const { zeroUs, fraction, rate } = dripAfter(drip, nowUs, -Math.min(tokens * drip.rate.perUs, MAX_AMOUNT));
  return zeroUs < nowUs ? { zeroUs: nowUs, fraction: 0, rate } : { zeroUs, fraction, rate };
}

/** How long until `parts` more than the debt, in 1/`perUs` of a token, are at most 0; negative if they already are. */
export function untilPaidUs({ zeroUs, fraction, rate }: Drip, nowUs: number, parts = 0): number {
  return zeroUs - nowUs + Math.ceil((fraction + parts) / rate.count);
}

/** The debt in tokens, rounded up. */
export function owedTokens({ zeroUs, fraction, rate }: Drip, nowUs: number): number {
  return Math.ceil(((zeroUs - nowUs) * rate.count + fraction) / rate.perUs);
}

function dripAfter({ zeroUs, fraction, rate }: Drip, nowUs: number, parts: number): Drip {
  const sum = fraction + parts;
  const wholeUs = Math.floor(sum / rate.count);
  const nextUs = zeroUs + wholeUs;
  if (nextUs >= nowUs + MAX_SPAN_US) return { zeroUs: nowUs + MAX_SPAN_US, fraction: 0, rate };
  return { zeroUs: nextUs, fraction: sum - wholeUs * rate.count, rate };
}
