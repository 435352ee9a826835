import { performance } from 'node:perf_hooks';

const RealDate = Date;
const realTimeOriginMs = performance.timeOrigin;
let offsetMs = 0;

const shownMs = (): number => RealDate.now() + offsetMs;

const SkewedDate: DateConstructor = new Proxy(RealDate, {
  apply: () => new RealDate(shownMs()).toString(),
  construct: (_, args: unknown[], newTarget) =>
    Reflect.construct(RealDate, args.length === 0 ? [shownMs()] : args, newTarget) as Date,
  get: (_, name) => (name === 'now' ? shownMs : (Reflect.get(RealDate, name) as unknown)),
});

/**
 * Moves the wall clock of this process: `Date` and `performance.timeOrigin` then show a time that is `aheadMs` later
 * (earlier, if negative) than the machine's; 0 puts them right. Timers and monotonic clocks (`performance.now()`,
 * `process.hrtime()`) do not change: code that takes the wall clock for one of them is what this finds.
 *
 * Returns the function that puts the clock right. In a worker, `worker.setWallClockOffset(…)` does it, before the modules
 * of the worker are loaded if need be.
 *
 * @throws RangeError when `aheadMs` is not finite
 */
export function setWallClockOffset(aheadMs: number): () => void {
  if (!Number.isFinite(aheadMs))
    throw new RangeError(`A clock cannot be moved by ${aheadMs} ms. Give a finite number.`);
  offsetMs = aheadMs;
  globalThis.Date = aheadMs === 0 ? RealDate : SkewedDate;
  Object.defineProperty(performance, 'timeOrigin', { configurable: true, value: realTimeOriginMs + aheadMs });
  return () => void setWallClockOffset(0);
}
