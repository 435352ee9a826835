/** An environment variable that {@link cacheConfig} reads. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly kind: 'text' | 'switch' | 'number' | 'duration';
  /** The option that it sets; `undefined` for a switch that leaves others out. */
  readonly option?: string;
  /** What it is when it is not set, where that can be written down. */
  readonly default?: string;
  /** For the table in `docs/configuration.md`. */
  readonly meaning: string;
}

/** Every variable, but for `CACHE_<NAME>_TTL`. */
export const environmentVariables: readonly EnvironmentVariable[] = [
  {
    name: 'REDIS_URL',
    kind: 'text',
    option: 'redis.url',
    meaning: 'Where Redis is, such as `redis://localhost:6379` or `rediss://…` for TLS. Not set: memory only.',
  },
  { name: 'REDIS_USERNAME', kind: 'text', option: 'redis.username', meaning: 'Replaces the user name of the URL.' },
  { name: 'REDIS_PASSWORD', kind: 'text', option: 'redis.password', meaning: 'Replaces the password of the URL.' },
  {
    name: 'REDIS_ENABLED',
    kind: 'switch',
    meaning: '`false`: memory only, whatever `REDIS_URL` and the code say.',
  },
  {
    name: 'REDIS_MAX_CONNECTIONS',
    kind: 'number',
    option: 'redis.connections',
    default: '1',
    meaning: 'How many connections share the work.',
  },
  {
    name: 'REDIS_SOCKET_TIMEOUT',
    kind: 'duration',
    option: 'redis.socketTimeout',
    default: '1s',
    meaning: 'How long a connection may stay silent while Redis owes an answer.',
  },
  {
    name: 'REDIS_DEADLINE',
    kind: 'duration',
    option: 'redis.deadline',
    default: '50ms',
    meaning: 'The longest that a call waits for Redis.',
  },
  {
    name: 'CACHE_NAMESPACE',
    kind: 'text',
    option: 'namespace',
    meaning: 'The prefix of every key in Redis. Needed with Redis, unless the code gives it.',
  },
  {
    name: 'CACHE_ENABLED',
    kind: 'switch',
    option: 'enabled',
    default: 'true',
    meaning: '`false`: every call goes to its loader.',
  },
  {
    name: 'CACHE_DEFAULT_TTL',
    kind: 'duration',
    option: 'ttl',
    default: '1h',
    meaning: 'How long entries stay fresh.',
  },
  {
    name: 'CACHE_JITTER',
    kind: 'number',
    option: 'jitter',
    default: '0',
    meaning: 'The share of the ttl by which each entry’s is shortened at random, in [0, 1).',
  },
  {
    name: 'CACHE_GRACE',
    kind: 'duration',
    option: 'grace',
    default: '0ms',
    meaning: 'Extra time after the ttl in which an entry is served where its loader fails or is late.',
  },
  {
    name: 'CACHE_STALE_WHILE_REVALIDATE',
    kind: 'duration',
    option: 'staleWhileRevalidate',
    default: '0ms',
    meaning: 'Extra time after the ttl in which an entry is served at once while it is renewed in the background.',
  },
  {
    name: 'CACHE_REFRESH_AHEAD',
    kind: 'number',
    option: 'refreshAhead',
    default: '0',
    meaning: 'The share of an entry’s life after which a read renews it in the background, such as `0.8`.',
  },
  {
    name: 'CACHE_EARLY_REFRESH',
    kind: 'number',
    option: 'earlyRefresh',
    default: '0',
    meaning: 'Renews entries at random before their end, the likelier the longer their loads took; `1` is recommended.',
  },
  {
    name: 'CACHE_NEGATIVE_TTL',
    kind: 'duration',
    option: 'negativeTtl',
    meaning: 'How long `null` and `undefined` stay fresh. Not set: as long as any other value.',
  },
  {
    name: 'CACHE_SLIDING_TTL',
    kind: 'duration',
    option: 'slidingTtl',
    default: '0ms',
    meaning: 'How long entries stay fresh without being read; reads prolong them up to the ttl. `0ms`: they do not.',
  },
  {
    name: 'CACHE_SOFT_TIMEOUT',
    kind: 'duration',
    option: 'softTimeout',
    default: '0ms',
    meaning: 'How long a caller waits for a loader where a copy is within its grace. `0ms`: no limit.',
  },
  {
    name: 'CACHE_HARD_TIMEOUT',
    kind: 'duration',
    option: 'hardTimeout',
    default: '0ms',
    meaning: 'How long any caller waits for a loader. `0ms`: no limit.',
  },
  {
    name: 'CACHE_LOCK_TIMEOUT',
    kind: 'duration',
    option: 'lockTimeout',
    default: '10s',
    meaning: 'How long a caller waits for the load of another process. `0ms`: not at all.',
  },
  {
    name: 'CACHE_ON_LOCK_TIMEOUT',
    kind: 'text',
    option: 'onLockTimeout',
    default: 'load',
    meaning: 'What then: `load` loads too, and stores nothing; `fail` is an error.',
  },
  {
    name: 'CACHE_ERROR_TTL',
    kind: 'duration',
    option: 'errorTtl',
    default: '0ms',
    meaning: 'How long the error of a load is what further loads of its key get, up to `1d`. `0ms`: they try again.',
  },
  {
    name: 'CACHE_RETRY_AFTER',
    kind: 'duration',
    option: 'retryAfter',
    default: '1s',
    meaning: 'How long a stale copy is served after a failed load before the next attempt, up to `1d`.',
  },
  {
    name: 'CACHE_MAX_CONCURRENT_LOADS',
    kind: 'number',
    option: 'loads.maxConcurrent',
    meaning: 'How many loaders of a cache run at once in a process. Not set: no bound.',
  },
  {
    name: 'CACHE_MAX_QUEUED_LOADS',
    kind: 'number',
    option: 'loads.maxQueued',
    meaning: 'How many more may wait for their turn. Not set: no bound. Needs a bound of those that run.',
  },
  {
    name: 'CACHE_COHERENCE',
    kind: 'text',
    option: 'coherence',
    default: 'auto',
    meaning:
      'How memory over Redis learns of changes: `auto`, `tracking`, `tracking-reads`, `bus` or `none`. Counts only with `REDIS_URL`.',
  },
  { name: 'CACHE_CODEC', kind: 'text', option: 'codec', default: 'json', meaning: '`json` or `msgpack`.' },
  { name: 'CACHE_MEMORY_ENABLED', kind: 'switch', default: 'true', meaning: '`false`: no memory tier.' },
  {
    name: 'CACHE_MEMORY_MAX_ENTRIES',
    kind: 'number',
    option: 'memory.maxEntries',
    default: '10000',
    meaning: 'The most entries kept in memory.',
  },
  {
    name: 'CACHE_MEMORY_MAX_BYTES',
    kind: 'number',
    option: 'memory.maxBytes',
    default: '67108864',
    meaning: 'The most bytes kept in memory.',
  },
  {
    name: 'CACHE_MEMORY_TTL',
    kind: 'duration',
    option: 'memory.ttl',
    meaning: 'How long memory serves a copy before it asks Redis again.',
  },
];

/** The time to live of the named cache or entity `<NAME>`. */
export const NAMED_TTL_PATTERN = /^CACHE_([A-Z0-9_]+)_TTL$/;
