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

interface Run {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

/** What the application printed, once its process has ended by itself; the test times out if it does not. */
async function runToItsEnd(url: string, ending: 'close' | 'leave', ...imports: string[]): Promise<Run> {
  const modules = ['./tools/dev.mjs', ...imports].flatMap((module) => ['--import', module]);
  const app = `${root}/libs/cache/test/fixtures/closing.app.ts`;
  const args = ['--conditions=@nest-strata/source', ...modules, app, url, ending];
  const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  try {
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { exitCode: await ended, output: output.trim(), errors };
  } finally {
    child.kill('SIGKILL');
  }
}

describe('the process of an application', () => {
  it('ends once the application is closed', async () => {
    expect(await runToItsEnd(redis.url, 'close')).toMatchObject({ exitCode: 0, output: '{"stored":true}' });
  });

  it('ends once the application is closed while Redis hangs', async () => {
    const hanging = await RedisServer.start();
    hanging.pause();
    const unavailable = '{"stored":false,"reason":"redis-unavailable"}';
    expect(await runToItsEnd(hanging.url, 'close')).toMatchObject({ exitCode: 0, output: unavailable });
    hanging.resume();
    await hanging.stop();
  });

  it('is not kept alive by a cache in memory', async () => {
    expect(await runToItsEnd('', 'leave')).toMatchObject({ exitCode: 0, output: '{"stored":true}' });
  });

  it('does not begin with Redis configured and ioredis not installed, and says so', async () => {
    const { exitCode, errors } = await runToItsEnd(
      redis.url,
      'close',
      './libs/cache/test/fixtures/without-ioredis.mjs',
    );
    expect(exitCode).toBe(1);
    expect(errors).toMatch(/MissingIoredisError: .*npm install ioredis/);
  });

  it('needs no ioredis for a cache in memory', async () => {
    const run = await runToItsEnd('', 'close', './libs/cache/test/fixtures/without-ioredis.mjs');
    expect(run).toMatchObject({ exitCode: 0, output: '{"stored":true}' });
  });
});
