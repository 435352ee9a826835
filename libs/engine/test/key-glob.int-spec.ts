import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidGlobError } from '../src/keys/invalid-glob.error.js';
import { KeySpace } from '../src/keys/key-space.js';
import { SharedRedis } from './shared-redis.js';

let redis: SharedRedis;

beforeAll(async () => {
  redis = await SharedRedis.start({ deadline: '5s' });
});

afterAll(() => redis.stop());

/** The user keys that Redis finds for a pattern, each once. */
async function scan(keySpace: KeySpace, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  for await (const keys of redis.port.scan(pattern)) for (const key of keys) found.add(keySpace.userKey(key) ?? key);
  return [...found];
}

async function fill(keySpace: KeySpace, keys: readonly string[]): Promise<void> {
  await redis.send('FLUSHALL', []);
  await Promise.all(keys.map((key) => redis.send('SET', [keySpace.valueKey(key), '1'])));
}

const character = fc.constantFrom(
  'a',
  'b',
  'c',
  ':',
  '-',
  '*',
  '?',
  '[',
  ']',
  '^',
  '\\',
  '%',
  '{',
  '}',
  'é',
  '名',
  '😀',
  '\n',
);
const asciiCharacter = fc.constantFrom('a', 'b', 'c', ':', '-', '1');
const piece = fc.oneof(
  { weight: 3, arbitrary: character.filter((text) => !'*?[\\'.includes(text)) },
  { weight: 2, arbitrary: fc.constantFrom('*', '?', '[abc]', '[^a]', '[a-c]', '[é名]', '\\*', '\\?', '\\[', '\\\\') },
);
const glob = fc.array(piece, { minLength: 1, maxLength: 9 }).map((pieces) => pieces.join(''));
const asciiGlob = fc
  .array(fc.oneof(asciiCharacter, fc.constantFrom('*', '?', '[abc]', '[^a]', '[a-c]')), { minLength: 1, maxLength: 6 })
  .map((pieces) => pieces.join(''));

describe('a glob', () => {
  it('finds in Redis every key that it matches, and no key of another namespace', async () => {
    const keySpace = new KeySpace('tenant[1]*');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: character, minLength: 1, maxLength: 6 }), { minLength: 20, maxLength: 40 }),
        fc.array(glob, { minLength: 5, maxLength: 5 }),
        async (keys, globs) => {
          await fill(keySpace, keys);
          await Promise.all(keys.map((key) => redis.send('SET', [new KeySpace('tenant1x').valueKey(key), '1'])));
          for (const text of globs) {
            const pattern = keySpace.glob(text);
            const found = (await scan(keySpace, pattern.serverPattern)).filter((key) => pattern.matches(key));
            expect(found.sort()).toEqual([...new Set(keys)].filter((key) => pattern.matches(key)).sort());
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('matches the same ASCII keys as Redis does', async () => {
    const keySpace = new KeySpace('n');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: asciiCharacter, minLength: 1, maxLength: 5 }), { minLength: 20, maxLength: 40 }),
        fc.array(asciiGlob, { minLength: 5, maxLength: 5 }),
        async (keys, globs) => {
          await fill(keySpace, keys);
          for (const text of globs) {
            const pattern = keySpace.glob(text);
            const found = await scan(keySpace, `strata:n:v:${text}`);
            expect(found.sort()).toEqual([...new Set(keys)].filter((key) => pattern.matches(key)).sort());
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('finds long keys by what is readable of them', async () => {
    const keySpace = new KeySpace('n', 100);
    const long = `report:${'x'.repeat(200)}`;
    await fill(keySpace, [long, 'report:short']);
    const pattern = keySpace.glob('report:*');
    expect((await scan(keySpace, pattern.serverPattern)).sort()).toEqual(['report:short', keySpace.listedKey(long)]);
    expect(pattern.matches(long)).toBe(true);
  });

  it('is refused when it is malformed, before Redis is asked', () => {
    expect(() => new KeySpace('n').glob('hero:[')).toThrow(InvalidGlobError);
  });
});
