import type { RedisPort } from '@nest-strata/redis';
import { describeContract } from './contract.js';
import type { ContractClause } from './contract.js';
import { redisPortAnswerClauses } from './redis-port-answers.clauses.js';
import { redisPortFaultClauses } from './redis-port-faults.clauses.js';
import { redisPortPublishingClauses } from './redis-port-publishing.clauses.js';
import { makeRedisPortSubject } from './redis-port-subject.js';
import type { RedisPortSubject } from './redis-port-subject.js';

/** The clauses of {@link describeRedisPort}. */
export const redisPortClauses: readonly ContractClause<RedisPortSubject>[] = [
  ...redisPortAnswerClauses,
  ...redisPortFaultClauses,
  ...redisPortPublishingClauses,
];

/**
 * Declares the tests that every {@link RedisPort} must pass, each with a Redis server and a network of its own: that it
 * answers rightly, and that it is honest and bounded in time when Redis or the network misbehaves.
 *
 * @param makePort makes a port to the server behind a URL, which need not be up yet
 * @param deadlineMs the longest that a call of such a port waits
 * @example
 * describeRedisPort('createRedis', (url) => createRedis({ url }));
 */
export function describeRedisPort(
  name: string,
  makePort: (url: string) => RedisPort | Promise<RedisPort>,
  deadlineMs = 50,
): void {
  describeContract(`${name} keeps the contract of the Redis port:`, redisPortClauses, () =>
    makeRedisPortSubject(makePort, deadlineMs),
  );
}
