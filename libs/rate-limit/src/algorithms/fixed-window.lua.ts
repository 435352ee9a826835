import type { LimitLua } from './limit-lua.js';
import { nearest, shapeFor, shapeOf, wrapped } from './limit-lua.js';

/** p1: the window in µs; p2: its offset; p3: the limit. Kept: the latest take, what was taken in its window. */
export const fixedWindowLua: LimitLua = {
  read: `
c.last, c.count = now, 0
if c.value then
  local _, last, count = unpack_struct(${shapeOf('c.value')}, c.value)
  last = ${nearest('last')}
  if floor((max(now, last) - c.p2) / c.p1) == floor((last - c.p2) / c.p1) then c.last, c.count = last, count end
end`,
  allows: `c.count + c.cost <= c.p3`,
  take: `c.last, c.count = max(now, c.last), min(c.count + c.cost, MAX_AMOUNT)`,
  giveBack: `
if not c.moment or floor((c.moment - c.p2) / c.p1) >= floor((c.last - c.p2) / c.p1) then
  c.count = max(0, c.count - c.cost)
end`,
  pack: `pack_struct(${shapeFor('c.count')}, 102, ${wrapped('c.last')}, c.count)`,
  leftUs: `(floor((c.last - c.p2) / c.p1) + 1) * c.p1 + c.p2 - now`,
  tell: `c.last, c.count`,
};
