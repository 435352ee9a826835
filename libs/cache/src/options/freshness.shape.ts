import { IsBeta, IsDuration, IsDurationWithin, IsOneOf, IsShare } from './option-rules.js';

/** The rules of `FreshnessOptions`. */
export class FreshnessShape {
  @IsDuration() grace: unknown;
  @IsDuration() staleWhileRevalidate: unknown;
  @IsShare('0.8') refreshAhead: unknown;
  @IsBeta() earlyRefresh: unknown;
  @IsDuration() negativeTtl: unknown;
  @IsDuration() slidingTtl: unknown;
  @IsDuration() softTimeout: unknown;
  @IsDuration() hardTimeout: unknown;
  @IsDuration() lockTimeout: unknown;
  @IsOneOf(['load', 'fail']) onLockTimeout: unknown;
  @IsDurationWithin('0ms', '1d') errorTtl: unknown;
  @IsDurationWithin('0ms', '1d') retryAfter: unknown;
}
