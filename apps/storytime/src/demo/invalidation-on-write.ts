import type { HttpClient } from './http-client.js';
import { milliseconds, quantile, row } from './table.js';

const ROUNDS = 100;
const HERO = '/heroes/luna';
const LIST = '/heroes?language=en';

interface NamedHero {
  readonly id: string;
  readonly name: string;
}

/** What happens in each round, in this order. */
const STEPS = ['read, cached', 'write', 'first read after it', 'read, cached again'] as const;

/** Scenario 3: a hero is renamed while it is cached, by its id and in a list. False when a read was stale. */
export async function invalidationOnWrite(http: HttpClient): Promise<boolean> {
  const rounds: number[][] = [];
  let staleCount = 0;
  await read(http);
  for (let round = 1; round <= ROUNDS; round++) {
    const name = `Luna ${round}`;
    const cached = await read(http);
    const write = await http.patch(HERO, { name });
    const first = await read(http);
    const again = await read(http);
    rounds.push([cached, write, first, again].map(({ durationMs }) => durationMs));
    staleCount += [...first.names, ...again.names].filter((seen) => seen !== name).length;
  }
  await http.patch(HERO, { name: 'Luna' });

  console.log(`\n${row(`3: a write is seen by the next read, ${ROUNDS} times`, ['p50 ms', 'max ms'])}`);
  for (const [step, label] of STEPS.entries()) {
    const durationsMs = rounds.map((round) => round[step] ?? NaN);
    console.log(row(label, [milliseconds(quantile(durationsMs, 0.5)), milliseconds(quantile(durationsMs, 1))]));
  }
  console.log(row('stale reads', [staleCount]));
  return staleCount === 0;
}

/** Reads the hero by its id and in a list. */
async function read(http: HttpClient): Promise<{ durationMs: number; names: readonly (string | undefined)[] }> {
  const one = await http.get(HERO);
  const list = await http.get(LIST);
  const listed = (list.body as NamedHero[]).find((hero) => hero.id === 'luna');
  return { durationMs: one.durationMs + list.durationMs, names: [(one.body as NamedHero).name, listed?.name] };
}
