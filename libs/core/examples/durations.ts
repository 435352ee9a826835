/** The example of the core's README, compiled. */
// #region durations
import { duration, durationToMs, isDuration } from '@nest-strata/core';
import type { Duration } from '@nest-strata/core';

const ttl: Duration = '5m'; // `5` or '5 minutes' does not compile
console.log(durationToMs(ttl)); // 300000
console.log(durationToMs('forever')); // Infinity
console.log(duration(process.env['TTL'] ?? '1h')); // throws InvalidDurationError for what is none
console.log(isDuration('-5s'), isDuration('1e3ms')); // false false
// #endregion
