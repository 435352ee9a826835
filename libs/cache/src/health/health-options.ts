/**
 * What the cache is worth at this moment.
 *
 * - `up`: every tier answers.
 * - `degraded`: Redis is away, and memory and loaders answer; or Redis answers, but evicts are pending, or memory has not
 *   heard of the changes of other processes for five seconds and serves nothing.
 * - `down`: no tier answers, every call goes to its loader.
 */
export type CacheState = 'up' | 'degraded' | 'down';

/** How {@link CacheHealthIndicator} judges. */
export interface HealthOptions {
  /**
   * The states that fail the health check, so that a readiness probe takes the instance out of service. An application
   * whose database bears the load without a cache writes `[]`.
   *
   * @default ['down']
   */
  readonly failOn?: readonly Exclude<CacheState, 'up'>[];
}
