import type { LimitLua } from './limit-lua.js';
import { nearest, shapeFor, shapeOf, wrapped } from './limit-lua.js';

/** p1: the interval in µs; p2: tokens per refill; p3: the capacity. Kept: since when a refill is under way, what is missing. */
export const intervalBucketLua: LimitLua = {
  read: `
c.since, c.missing = now, 0
if c.value then
  local _, since, missing = unpack_struct(${shapeOf('c.value')}, c.value)
  since = ${nearest('since')}
  local refills = max(0, floor((now - since) / c.p1))
  if refills < ceil(missing / c.p2) then c.since, c.missing = since + refills * c.p1, missing - refills * c.p2 end
end`,
  allows: `c.missing + c.cost <= c.p3`,
  take: `c.missing = min(c.missing + c.cost, MAX_AMOUNT)`,
  giveBack: `c.missing = max(0, c.missing - c.cost)`,
  pack: `pack_struct(${shapeFor('c.missing')}, 105, ${wrapped('c.since')}, c.missing)`,
  leftUs: `min(c.since - now + ceil(c.missing / c.p2) * c.p1, MAX_SPAN_US)`,
  tell: `c.since, c.missing`,
};
