import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer } from '@nest-strata/testing';

const root = fileURLToPath(new URL('../../..', import.meta.url));
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(async () => {
  await redis.stop();
});

/** What the application printed, once its process has ended by itself; the test times out if it does not. */
async function runToItsEnd(
  url: string,
  ending: 'close' | 'leave',
): Promise<{ exitCode: number | null; output: string }> {
  const app = `${root}/libs/cache/test/fixtures/closing.app.ts`;
  const args = ['--conditions=@nest-strata/source', '--import', './tools/dev.mjs', app, url, ending];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const output = await text(child.stdout);
    return { exitCode: await ended, output: output.trim() };
  } finally {
    child.kill('SIGKILL');
  }
}

describe('the process of an application', () => {
  it('ends once the application is closed', async () => {
    expect(await runToItsEnd(redis.url, 'close')).toEqual({ exitCode: 0, output: '{"stored":true}' });
  });

  it('ends once the application is closed while Redis hangs', async () => {
    const hanging = await RedisServer.start();
    hanging.pause();
    const unavailable = '{"stored":false,"reason":"redis-unavailable"}';
    expect(await runToItsEnd(hanging.url, 'close')).toEqual({ exitCode: 0, output: unavailable });
    hanging.resume();
    await hanging.stop();
  });

  it('is not kept alive by a cache in memory', async () => {
    expect(await runToItsEnd('', 'leave')).toEqual({ exitCode: 0, output: '{"stored":true}' });
  });
});
