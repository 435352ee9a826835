/**
 * Every order in which actors can take their steps, each actor its own in the order given: all interleavings, each once.
 * There are {@link countOrders} of them, which grows fast: 70 for two actors of four steps, 34650 for three.
 *
 * @example
 * for (const order of enumerateOrders([['read', 'fill'], ['commit', 'evict']])) await run(order);
 */
export function* enumerateOrders<Step>(actors: readonly (readonly Step[])[]): Generator<Step[], void, undefined> {
  const taken = actors.map(() => 0);
  const order: Step[] = [];
  const length = actors.reduce((sum, steps) => sum + steps.length, 0);

  function* extend(): Generator<Step[], void, undefined> {
    if (order.length === length) yield [...order];
    for (const [actor, steps] of actors.entries()) {
      const at = taken[actor] ?? 0;
      if (at === steps.length) continue;
      order.push(steps[at] as Step);
      taken[actor] = at + 1;
      yield* extend();
      taken[actor] = at;
      order.pop();
    }
  }
  yield* extend();
}

/** How many orders {@link enumerateOrders} gives. */
export function countOrders(actors: readonly (readonly unknown[])[]): number {
  let count = 1;
  let length = 0;
  for (const { length: steps } of actors) {
    // Exact in every round: each intermediate product is a binomial coefficient times what was counted before.
    for (let step = 1; step <= steps; step++) count = (count * ++length) / step;
  }
  return count;
}
