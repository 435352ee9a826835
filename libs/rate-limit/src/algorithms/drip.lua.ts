import type { LimitLua } from './limit-lua.js';
import { nearest, shapeFor, shapeOf, wrapped } from './limit-lua.js';

/** Adds to the debt what is given in 1/p1 of a token. */
const dripBy = (parts: string): string => `
do
  local sum = c.fraction + ${parts}
  local whole_us = floor(sum / c.p2)
  c.zero, c.fraction = c.zero + whole_us, sum - whole_us * c.p2
  if c.zero >= now + MAX_SPAN_US then c.zero, c.fraction = now + MAX_SPAN_US, 0 end
end`;

const forgive = `${dripBy('-min(c.cost * c.p1, MAX_AMOUNT)')}
if c.zero < now then c.zero, c.fraction = now, 0 end`;

/**
 * p1: µs and p2: tokens of the rate, in lowest terms. Kept: the moment at which the debt is paid, and the rate by which it
 * was computed; both shortened where a token takes a whole number of µs.
 */
const drip = (mark: number): Omit<LimitLua, 'allows' | 'giveBack'> => ({
  read: `
c.zero, c.fraction = now, 0
if c.value then
  local _, zero, per_us, count, fraction
  if #c.value < 15 then
    _, zero, per_us = unpack_struct(${shapeOf('c.value')}, c.value)
    count, fraction = 1, 0
  else
    _, zero, per_us, count, fraction = unpack_struct('<BI6I7I7I7', c.value)
  end
  zero = ${nearest('zero')}
  if zero >= now then
    if per_us == c.p1 and count == c.p2 then
      c.zero, c.fraction = zero, fraction
    else
      local tokens = ((zero - now) * count + fraction) / per_us
      c.is_converted = true
      ${dripBy('min(ceil(tokens * c.p1), MAX_AMOUNT)')}
    end
  end
end`,
  take: dripBy('min(c.cost * c.p1, MAX_AMOUNT)'),
  pack: `c.p2 == 1 and pack_struct(${shapeFor('c.p1')}, ${mark}, ${wrapped('c.zero')}, c.p1)
  or pack_struct('<BI6I7I7I7', ${mark}, ${wrapped('c.zero')}, c.p1, c.p2, c.fraction)`,
  leftUs: `c.zero - now + 1`,
  tell: `c.zero, c.fraction`,
});

/** p3: the capacity in tokens. */
export const meterLua: LimitLua = {
  ...drip(100),
  allows: `c.zero - now + ceil((c.fraction + (c.cost - c.p3) * c.p1) / c.p2) <= 0`,
  giveBack: forgive,
};

/** p3: the longest wait in µs; p4: the largest cost. What is given back is the last slot, or nothing. */
export const queueLua: LimitLua = {
  ...drip(113),
  allows: `c.cost <= c.p4 and c.zero - now + (c.fraction > 0 and 1 or 0) <= c.p3`,
  giveBack: `
if c.moment and c.zero + ceil((c.fraction - c.cost * c.p1) / c.p2) == c.moment then
  ${forgive}
end`,
};
