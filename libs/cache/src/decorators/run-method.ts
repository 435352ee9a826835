import type { DecoratedCache } from './decorated-cache.js';
import type { EvictOperation, EvictTarget } from './evict.operation.js';
import type { MethodCall } from './method-call.js';
import type { MethodPlan } from './method-plan.js';
import type { Outcome } from './planned-option.js';
import type { StoreOperation } from './store.operation.js';

/** Where a run of a method finds caches, and where it leaves their faults. */
export interface CacheAccess {
  /** @throws UnknownCacheError */
  cache(name: string | undefined, place: string): DecoratedCache;
  /** A cache refused what a decorator asked of it. */
  reportFault(place: string, error: unknown): void;
}

/** One key of one cache in which a call looks for its result. */
interface Source {
  readonly operation: StoreOperation;
  readonly cache: DecoratedCache;
  readonly key: string;
  /** The same for the same key of the same cache. */
  readonly id: string;
}

/**
 * Runs one call: early evictions, then a hit or the method itself, then puts, then late evictions. What the method
 * throws ends the run as it is; so does what a function among the options throws. Faults of a cache do not.
 */
export function runMethod(plan: MethodPlan, call: MethodCall, access: CacheAccess): Promise<unknown> {
  // Most methods only read, and a hit in memory is quick enough to notice what stands around it.
  return plan.onlyReads ? readThrough(sourcesOf(plan.cacheables, call, access), call) : runInOrder(plan, call, access);
}

async function runInOrder(plan: MethodPlan, call: MethodCall, access: CacheAccess): Promise<unknown> {
  if (plan.earlyEvicts.length > 0) await evict(plan.earlyEvicts, call, access);
  const sources = sourcesOf(plan.cacheables, call, access);
  const result = plan.puts.some((put) => put.mayApply(call))
    ? await runAndPut(sources, plan.puts, call, access)
    : await readThrough(sources, call);
  if (plan.lateEvicts.length > 0) await evict(plan.lateEvicts, call, access, { result });
  return result;
}

/** Where to look: the caches of the rules whose condition passes, in order, each key once. */
function sourcesOf(cacheables: readonly StoreOperation[], call: MethodCall, access: CacheAccess): Source[] {
  const sources = new Map<string, Source>();
  for (const operation of cacheables) {
    if (!operation.applies(call)) continue;
    const key = operation.key(call);
    for (const name of operation.caches) {
      const id = `${name ?? ''}\n${key}`;
      if (!sources.has(id)) sources.set(id, { operation, cache: access.cache(name, operation.place), key, id });
    }
  }
  return [...sources.values()];
}

/** The first hit, or else the one result of all calls that miss at the same time. */
function readThrough(sources: readonly Source[], call: MethodCall): Promise<unknown> {
  return sources.length < 2 ? load(sources, call, { hasRun: false }) : readThroughMany(sources, call);
}

async function readThroughMany(sources: readonly Source[], call: MethodCall): Promise<unknown> {
  const hit = await firstHit(sources);
  if (hit) return hit.result;
  // Two methods that name the same keys in opposite orders must not wait for each other's loads.
  const inOneOrder = [...sources].sort((a, b) => (a.id < b.id ? -1 : 1));
  return load(inOneOrder, call, { hasRun: false });
}

/**
 * Loads through the first source, whose loader loads through the next, whose loader runs the method. Each cache so
 * keeps a result from before an invalidation out, and what one of them has, or gives in place of a result, is not copied
 * to the others.
 */
function load([source, ...rest]: readonly Source[], call: MethodCall, chain: { hasRun: boolean }): Promise<unknown> {
  if (!source) {
    return call.proceed().then((result) => {
      chain.hasRun = true;
      return result;
    });
  }
  const { operation, cache, key } = source;
  return cache.getOrSet(
    key,
    async (context) => {
      const result = await load(rest, call, chain);
      const adaptation = chain.hasRun ? operation.adaptation(call, { result }) : undefined;
      if (!adaptation) context.skip();
      if (adaptation?.ttl !== undefined) context.ttl = adaptation.ttl;
      if (adaptation?.tags) context.tags = [...adaptation.tags];
      if (adaptation?.version !== undefined) context.version = adaptation.version;
      return result;
    },
    operation.loadOptions(call),
  );
}

async function firstHit(sources: readonly Source[]): Promise<Outcome | undefined> {
  for (const { cache, key } of sources) {
    const found = await cache.lookup(key);
    if (found.hit) return { result: found.value };
  }
  return undefined;
}

/** Runs the method whatever is cached, and stores its result: by the puts, and where the call has looked in vain. */
async function runAndPut(
  sources: readonly Source[],
  puts: readonly StoreOperation[],
  call: MethodCall,
  access: CacheAccess,
): Promise<unknown> {
  const hit = await firstHit(sources);
  const result = await call.proceed();
  const outcome = { result };
  const misses = hit ? [] : sources.map(({ operation, cache, key }) => ({ operation, cache, key }));
  const targets = puts
    .filter((put) => put.applies(call, outcome))
    .flatMap((operation) => {
      const key = operation.key(call, outcome);
      return operation.caches.map((name) => ({ operation, cache: access.cache(name, operation.place), key }));
    });
  await Promise.all([...misses, ...targets].map((target) => store(target, call, outcome, access)));
  return result;
}

async function store(
  { operation, cache, key }: Pick<Source, 'operation' | 'cache' | 'key'>,
  call: MethodCall,
  outcome: Outcome,
  access: CacheAccess,
): Promise<void> {
  const adaptation = operation.adaptation(call, outcome);
  if (!adaptation) return;
  try {
    const { reason } = await cache.set(key, outcome.result, { ...operation.entryOptions(call), ...adaptation });
    if (reason !== 'value-too-large') return;
  } catch (error) {
    access.reportFault(operation.place, error);
  }
  // What could not be replaced is no longer true.
  await guarded(operation.place, access, () => cache.delete(key));
}

async function evict(
  operations: readonly EvictOperation[],
  call: MethodCall,
  access: CacheAccess,
  outcome?: Outcome,
): Promise<void> {
  await Promise.all(
    operations.map(async (operation) => {
      if (!operation.applies(call, outcome)) return;
      const target = operation.target(call, outcome);
      const caches = operation.caches.map((name) => access.cache(name, operation.place));
      await Promise.all(caches.map((cache) => guarded(operation.place, access, () => evictFrom(cache, target))));
    }),
  );
}

async function evictFrom(cache: DecoratedCache, target: EvictTarget): Promise<void> {
  if (target === 'all') {
    await cache.clear();
    return;
  }
  const { keys, tags } = target;
  await Promise.all([
    keys.length > 0 ? cache.deleteMany(keys) : undefined,
    tags.length > 0 ? cache.deleteByTag(...tags) : undefined,
  ]);
}

/** The method has done its work, or is about to: what a cache throws is reported and does not reach the caller. */
async function guarded(place: string, access: CacheAccess, operation: () => Promise<unknown>): Promise<void> {
  try {
    await operation();
  } catch (error) {
    access.reportFault(place, error);
  }
}
