/** What an oracle says of one request. Times in µs, as the stores give them. */
interface OracleVerdict {
  readonly isAllowed: boolean;
  readonly remaining: number;
  /** -1: never. */
  readonly retryAfterUs: number;
  readonly resetAfterUs: number;
}

/** A limiter written from its definition, in integers without bound, to judge those that are written for speed. */
export type LimitOracle = (nowUs: bigint, cost: bigint) => OracleVerdict;

const NEVER = -1n;

/** Counts by the number of the window since 1970. */
export function fixedWindowOracle(limit: bigint, windowUs: bigint): LimitOracle {
  const counts = new Map<bigint, bigint>();
  return (nowUs, cost) => {
    const window = nowUs / windowUs;
    const isAllowed = (counts.get(window) ?? 0n) + cost <= limit;
    if (isAllowed) counts.set(window, (counts.get(window) ?? 0n) + cost);
    const used = counts.get(window) ?? 0n;
    const leftUs = (window + 1n) * windowUs - nowUs;
    const retryAfterUs = isAllowed ? 0n : cost > limit ? NEVER : leftUs;
    return verdict(isAllowed, limit - used, retryAfterUs, used === 0n ? 0n : leftUs);
  };
}

/** Keeps every take for ever, and looks at those of the window that ends now. */
export function slidingLogOracle(limit: bigint, windowUs: bigint): LimitOracle {
  const takes: { atUs: bigint; cost: bigint }[] = [];
  const usedAt = (us: bigint): bigint =>
    takes.reduce((sum, { atUs, cost }) => (atUs > us - windowUs ? sum + cost : sum), 0n);
  return (nowUs, cost) => {
    const isAllowed = usedAt(nowUs) + cost <= limit;
    if (isAllowed && cost > 0n) takes.push({ atUs: nowUs, cost });
    const ends = takes.map(({ atUs }) => atUs + windowUs).filter((us) => us > nowUs);
    const fits = ends.find((us) => usedAt(us) + cost <= limit);
    const retryAfterUs = isAllowed ? 0n : cost > limit ? NEVER : (fits ?? 0n) - nowUs;
    return verdict(isAllowed, limit - usedAt(nowUs), retryAfterUs, (ends.at(-1) ?? nowUs) - nowUs);
  };
}

/** GCRA as the standard states it, with the theoretical arrival time in 1/`limit` µs so that no increment is rounded. */
export function gcraOracle(limit: bigint, windowUs: bigint, burst: bigint): LimitOracle {
  const increment = windowUs;
  const tolerance = burst * increment;
  let arrival = 0n;
  return (nowUs, cost) => {
    const now = nowUs * limit;
    const base = arrival > now ? arrival : now;
    const next = base + cost * increment;
    const isAllowed = next - tolerance <= now;
    if (isAllowed && cost > 0n) arrival = next;
    const current = isAllowed ? next : base;
    const retryAfterUs = isAllowed ? 0n : cost > burst ? NEVER : ceilDivide(next - tolerance - now, limit);
    return verdict(
      isAllowed,
      (tolerance - (current - now)) / increment,
      retryAfterUs,
      ceilDivide(current - now, limit),
    );
  };
}

/** A bucket whose tokens are counted in 1/`everyUs` of one, and filled up to the moment of each request. */
export function tokenBucketOracle(capacity: bigint, refill: bigint, everyUs: bigint): LimitOracle {
  const full = capacity * everyUs;
  let tokens = full;
  let filledAtUs = 0n;
  return (nowUs, cost) => {
    tokens += (nowUs - filledAtUs) * refill;
    if (tokens > full) tokens = full;
    filledAtUs = nowUs;
    const isAllowed = tokens >= cost * everyUs;
    if (isAllowed) tokens -= cost * everyUs;
    const retryAfterUs = isAllowed ? 0n : cost > capacity ? NEVER : ceilDivide(cost * everyUs - tokens, refill);
    return verdict(isAllowed, tokens / everyUs, retryAfterUs, ceilDivide(full - tokens, refill));
  };
}

/** The same with its tokens in one portion per interval, which begins with the first take from a full bucket. */
export function intervalBucketOracle(capacity: bigint, refill: bigint, everyUs: bigint): LimitOracle {
  let tokens = capacity;
  let sinceUs = 0n;
  return (nowUs, cost) => {
    while (tokens < capacity && sinceUs + everyUs <= nowUs) {
      tokens = tokens + refill > capacity ? capacity : tokens + refill;
      sinceUs += everyUs;
    }
    if (tokens === capacity) sinceUs = nowUs;
    const isAllowed = tokens >= cost;
    if (isAllowed) tokens -= cost;
    const untilUs = (missing: bigint): bigint => sinceUs + ceilDivide(missing, refill) * everyUs - nowUs;
    const retryAfterUs = isAllowed ? 0n : cost > capacity ? NEVER : untilUs(cost - tokens);
    return verdict(isAllowed, tokens, retryAfterUs, tokens === capacity ? 0n : untilUs(capacity - tokens));
  };
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

function verdict(isAllowed: boolean, remaining: bigint, retryAfterUs: bigint, resetAfterUs: bigint): OracleVerdict {
  return {
    isAllowed,
    remaining: Number(remaining),
    retryAfterUs: Number(retryAfterUs),
    resetAfterUs: Number(resetAfterUs),
  };
}
