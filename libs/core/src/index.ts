export { Clock, SystemClock } from './clock.js';
export type { ClockTimer } from './clock.js';
export { duration, durationToMs, InvalidDurationError, isDuration } from './duration.js';
export type { Duration } from './duration.js';
export { Random, SystemRandom } from './random.js';
export { StrataError } from './strata.error.js';
