export type { LimitRule } from './rule/limit-rule.js';
export { resolveRule } from './rule/resolve-rule.js';
export { InvalidClaimError } from './store/invalid-claim.error.js';
export { LimitStore } from './store/limit-store.port.js';
export type { LimitAnswer, LimitClaim, LimitVerdict } from './store/limit-store.port.js';
export { MemoryLimitStore } from './store/memory.limit-store.js';
export type { MemoryLimitStoreOptions } from './store/memory.limit-store.js';
export { RedisLimitStore } from './store/redis.limit-store.js';
export type { RedisLimitStoreOptions } from './store/redis.limit-store.js';
