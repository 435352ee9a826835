export { rateLimitProblem, PROBLEM_MEDIA_TYPE } from './http/problem-details.js';
export type { RateLimitProblem } from './http/problem-details.js';
export { rateLimitHeaders } from './http/rate-limit-headers.js';
export type { HttpHeaders, RateLimitHeaderOptions, RateLimitHeaderVersion } from './http/rate-limit-headers.js';
export { retryAfterSeconds } from './http/retry-after.js';
export type { RetryJitter } from './http/retry-after.js';
export type { EscalationOptions } from './limiter/escalation.js';
export type { RateLimitExplanation } from './limiter/explanation.js';
export { RATE_LIMIT_CHANNEL } from './limiter/rate-limit-event.js';
export type { RateLimitEvent, RateLimitListener } from './limiter/rate-limit-event.js';
export { RateLimitExceededError } from './limiter/rate-limit-exceeded.error.js';
export type { RateLimitQuestion, RateLimitRequest, RateLimitRunRequest } from './limiter/rate-limit-request.js';
export type { DenialReason, PolicyResult, RateLimitResult, RateLimitSource } from './limiter/rate-limit-result.js';
export type { RateLimiterOptions, RateLimiterParts } from './limiter/rate-limiter-options.js';
export { RateLimiter } from './limiter/rate-limiter.js';
export type { Offender } from './limiter/top-offenders.js';
export type { PolicyViolations } from './limiter/violations.js';
export { InvalidPolicyError } from './policy/invalid-policy.error.js';
export type { PolicyProblem } from './policy/invalid-policy.error.js';
export type {
  ConcurrencyPolicy,
  FixedWindowPolicy,
  LeakyBucketPolicy,
  LeakyQueuePolicy,
  LimitPolicy,
  PolicyMode,
  SlidingLogPolicy,
  SlidingWindowPolicy,
  TokenBucketPolicy,
  WhenAway,
} from './policy/limit-policy.js';
export { policiesByPlan } from './policy/policy-plans.js';
export type { PolicyQuestion, PolicyResolver, PolicySelection } from './policy/policy-plans.js';
export { UnknownPolicyError } from './policy/unknown-policy.error.js';
export type { PeriodKind } from './quota/calendar-period.js';
export { InvalidQuotaError } from './quota/invalid-quota.error.js';
export { MemoryQuotaStore } from './quota/memory.quota-store.js';
export type { MemoryQuotaStoreOptions } from './quota/memory.quota-store.js';
export type { QuotaDefinition, QuotaLimits } from './quota/quota-definition.js';
export type { QuotaEvent, QuotaListener, QuotaThresholdEvent } from './quota/quota-event.js';
export { QuotaExceededError } from './quota/quota-exceeded.error.js';
export type { QuotaQuestion, QuotaRequest, QuotaReserveRequest } from './quota/quota-request.js';
export { QuotaReservationError } from './quota/quota-reservation.error.js';
export type { QuotaReservation } from './quota/quota-reservation.js';
export type { QuotaHistoryEntry, QuotaPeriodUsage, QuotaResult } from './quota/quota-result.js';
export { QUOTA_CHANNEL, QuotaService } from './quota/quota-service.js';
export type { QuotaServiceOptions, QuotaServiceParts } from './quota/quota-service.js';
export { QuotaStore } from './quota/quota-store.port.js';
export type {
  QuotaCounter,
  QuotaScope,
  QuotaSettlement,
  QuotaSettleOutcome,
  QuotaStanding,
  QuotaTake,
  QuotaTakeOutcome,
} from './quota/quota-store.port.js';
export { RedisQuotaStore } from './quota/redis.quota-store.js';
export type { LimitRule } from './rule/limit-rule.js';
export { resolveRule } from './rule/resolve-rule.js';
export { InvalidClaimError } from './store/invalid-claim.error.js';
export { LimitStore } from './store/limit-store.port.js';
export type { LimitAnswer, LimitClaim, LimitVerdict } from './store/limit-store.port.js';
export { MemoryLimitStore } from './store/memory.limit-store.js';
export type { MemoryLimitStoreOptions } from './store/memory.limit-store.js';
export { RedisLimitStore } from './store/redis.limit-store.js';
export type { RedisLimitStoreOptions } from './store/redis.limit-store.js';
