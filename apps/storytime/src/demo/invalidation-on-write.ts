import type { Answer, HttpClient } from './http-client.js';
import { milliseconds, row } from './table.js';

const ROUNDS = 100;
const HERO = '/heroes/luna';
const LIST = '/heroes?language=en';

interface NamedHero {
  readonly id: string;
  readonly name: string;
}

/** Scenario 3: a hero is renamed while it is cached, by its id and in a list. False when a read was stale. */
export async function invalidationOnWrite(http: HttpClient): Promise<boolean> {
  console.log(`\n${row('3: a write is seen by the next read', ['ms', 'the hero', 'in the list'])}`);
  await read(http);
  const tell = (label: string, { durationMs, names }: Read): void =>
    console.log(row(label, [milliseconds(durationMs), ...names]));

  tell('read, cached', await read(http));
  const { durationMs } = await http.patch(HERO, { name: 'Luna II' });
  console.log(row('PATCH the name', [milliseconds(durationMs)]));
  tell('next read', await read(http));
  tell('read, cached again', await read(http));

  let staleCount = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const name = `Luna ${round}`;
    await http.patch(HERO, { name });
    const { names } = await read(http);
    staleCount += names.filter((seen) => seen !== name).length;
  }
  await http.patch(HERO, { name: 'Luna' });
  console.log(row(`${ROUNDS} more writes, ${2 * ROUNDS} reads`, [`${staleCount} stale`]));
  return staleCount === 0;
}

interface Read {
  readonly durationMs: number;
  readonly names: readonly (string | undefined)[];
}

async function read(http: HttpClient): Promise<Read> {
  const one = await http.get(HERO);
  const list = await http.get(LIST);
  return { durationMs: one.durationMs, names: [heroIn(one)?.name, nameInList(list)] };
}

function heroIn({ body }: Answer): NamedHero | undefined {
  return body as NamedHero;
}

function nameInList({ body }: Answer): string | undefined {
  return (body as NamedHero[]).find((hero) => hero.id === 'luna')?.name;
}
