export { freePort } from './process/free-port.js';
export { ServerStartError } from './process/server-start.error.js';
export { MissingServerError } from './provision/missing-server.error.js';
export { SeededRandom } from './random/seeded-random.js';
export { RedisServer } from './redis/redis-server.js';
export type { RedisServerOptions } from './redis/redis-server.js';
export { FakeClock } from './time/fake-clock.js';
export { describeCacheTier } from './contract/cache-tier.contract.js';
export type { CacheTierSubject } from './contract/cache-tier.contract.js';
