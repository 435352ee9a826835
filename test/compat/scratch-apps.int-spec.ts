import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { RedisServer } from '@nest-strata/testing';
import { packLibs, removeFolder, ScratchApp } from './scratch-app.js';

jest.setTimeout(300_000);

const APPS = [
  { name: 'nest12-esm', description: 'a Nest 12 ES module app with ioredis 6' },
  { name: 'nest11-cjs', description: 'a Nest 11 CommonJS app with ioredis 5' },
] as const;

const TWO_LIVES_IN_MEMORY = [
  { loads: 1, hits: 1, misses: 1, text: 'Hello, Ada', sameDate: true },
  { loads: 1, hits: 1, misses: 1, text: 'Hello, Ada', sameDate: true },
];
const TWO_LIVES_WITH_REDIS = [
  { loads: 1, hits: 1, misses: 1, text: 'Hello, Ada', sameDate: true },
  { loads: 0, hits: 2, misses: 0, text: 'Hello, Ada', sameDate: true },
];

const apps = new Map<string, ScratchApp>();
let packed: Awaited<ReturnType<typeof packLibs>> | undefined;

beforeAll(async () => {
  const { tarballs } = (packed = await packLibs());
  await Promise.all(APPS.map(async ({ name }) => apps.set(name, await ScratchApp.install(name, tarballs))));
});

afterAll(async () => {
  await Promise.all([...apps.values()].map((app) => app.remove()));
  if (packed !== undefined) await removeFolder(packed.folder);
});

function appNamed(name: string): ScratchApp {
  const app = apps.get(name);
  if (app === undefined) throw new Error(`${name} was not installed`);
  return app;
}

describe.each(APPS)('the packed libs in $description', ({ name }) => {
  it('compile, library declarations included', async () => {
    await expect(appNamed(name).compile()).resolves.toEqual({ stdout: '', stderr: '' });
  });

  it('cache a method in memory, without a warning', async () => {
    const { stdout, stderr } = await appNamed(name).start();

    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(TWO_LIVES_IN_MEMORY);
  });

  it('cache a method in Redis, so that the next life of the app need not work for it', async () => {
    const redis = await RedisServer.start();
    try {
      const { stdout, stderr } = await appNamed(name).start({ REDIS_URL: redis.url });

      expect(stderr).toBe('');
      expect(JSON.parse(stdout)).toEqual(TWO_LIVES_WITH_REDIS);
    } finally {
      await redis.stop();
    }
  });
});

it('compile in a CommonJS app that resolves as Node does', async () => {
  const options = ['--module', 'nodenext', '--moduleResolution', 'nodenext', '--noEmit'];

  await expect(appNamed('nest11-cjs').compile(...options)).resolves.toEqual({ stdout: '', stderr: '' });
});
