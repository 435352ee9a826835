import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';
import type { RedisScript } from '@nest-strata/redis';

const libsFolder = fileURLToPath(new URL('../../libs', import.meta.url));

/** A number on either side is enough: Lua refuses to compare it with a text. */
const NUMBER_BEFORE = /(\btonumber\([^()]*\)|\b\d+) *$/;
const NUMBER_AFTER = /^=? *(tonumber\(|#|\d|\w+ [-+*/] \d)/;

type Script = RedisScript<string, string, unknown>;

const isScript = (value: unknown): value is Script => typeof value === 'object' && value !== null && 'lua' in value;

async function scriptsInSources(): Promise<Script[]> {
  const files = readdirSync(libsFolder, { recursive: true, encoding: 'utf8' });
  const found: Script[] = [];
  for (const file of files.filter((path) => /^[^/]+\/src\/.*\.script\.ts$/.test(path))) {
    const exported = (await import(join(libsFolder, file))) as Record<string, unknown>;
    found.push(...Object.values(exported).filter(isScript));
  }
  return found;
}

/** The comparisons by order in which neither side shows that it is a number. */
function unsureComparisons(lua: string): string[] {
  const code = lua.replaceAll(/'[^'\n]*'/g, "''");
  return [...code.matchAll(/[<>]/g)]
    .map(({ index }): [before: string, after: string] => [
      code.slice(code.lastIndexOf('\n', index) + 1, index),
      code.slice(index + 1).split('\n', 1)[0] ?? '',
    ])
    .filter(([before, after]) => !NUMBER_BEFORE.test(before) && !NUMBER_AFTER.test(after))
    .map(([before, after]) => `${before}≶${after}`);
}

it('no script orders texts, which Lua does by the locale of the server', async () => {
  const found = await scriptsInSources();
  expect(found.length).toBeGreaterThan(14);
  expect(found.flatMap(({ name, lua }) => unsureComparisons(lua).map((line) => `${name}: ${line}`))).toEqual([]);
  expect(found.filter(({ lua }) => /table\.sort\([^,()]*\)/.test(lua)).map(({ name }) => name)).toEqual([]);
});
