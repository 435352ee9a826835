import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { StorytimeProcess } from './support/storytime-process.js';

const started: StorytimeProcess[] = [];
const run = (environment: NodeJS.ProcessEnv, command?: string[]): StorytimeProcess => {
  const storytime = new StorytimeProcess(environment, command);
  started.push(storytime);
  return storytime;
};

afterEach(async () => {
  for (const storytime of started.splice(0)) await storytime.stop();
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('the storytime process', () => {
  it('says where its data lives and what to open, ends with 0 on SIGTERM, and finds its data again', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'storytime-'));
    const first = run({ PORT: '0', STORYTIME_DATA_DIR: folder });
    await first.line(/Creating the embedded database/);
    expect(await first.line(/Data:/)).toContain(folder);
    const url = /http:\/\/localhost:\d+/.exec(await first.line(/Open:/))?.[0] ?? '';
    const reply = await fetch(`${url}/heroes/luna`, { method: 'DELETE' });
    expect(reply.status).toBe(204);

    const beganMs = performance.now();
    first.signal('SIGTERM');
    expect(await first.exit()).toBe(0);
    expect(performance.now() - beganMs).toBeLessThan(5_000);

    const second = run({ PORT: '0', STORYTIME_DATA_DIR: folder });
    const again = /http:\/\/localhost:\d+/.exec(await second.line(/Open:/))?.[0] ?? '';
    expect(second.output).not.toContain('Creating');
    expect((await fetch(`${again}/heroes/luna`)).status).toBe(404);
    expect((await fetch(`${again}/heroes/pip`)).status).toBe(200);

    const third = run({ PORT: '0', STORYTIME_DATA_DIR: folder });
    expect(await third.exit()).toBe(1);
    expect(third.output.split('\n')).toEqual([expect.stringContaining('Another storytime uses the data folder')]);

    second.signal('SIGINT');
    expect(await second.exit()).toBe(0);
    await rm(folder, { recursive: true });
  }, 120_000);

  it('ends with the npm that started it, whatever the shell between them does', async () => {
    const npm = run({ PORT: '0', STORYTIME_DATA_DIR: 'memory' }, ['npm', 'start']);
    const appPid = Number(/\[Nest\] (\d+)/.exec(await npm.line(/Open:/))?.[1]);
    expect(isAlive(appPid)).toBe(true);

    npm.signal('SIGTERM');
    const deadlineMs = performance.now() + 10_000;
    while (isAlive(appPid) && performance.now() < deadlineMs) await pause(50);
    const isOrphan = isAlive(appPid);
    if (isOrphan) process.kill(appPid, 'SIGKILL');
    expect(isOrphan).toBe(false);
  }, 60_000);

  it('names the port that is taken, and what to write instead, in one line', async () => {
    const server = createServer().listen(0);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;

    const storytime = run({ PORT: String(port), STORYTIME_DATA_DIR: 'memory' });

    expect(await storytime.exit()).toBe(1);
    expect(storytime.output.split('\n')).toEqual([
      expect.stringContaining(
        `Port ${port} is taken. Stop what listens there, or choose another: PORT=${port + 1} npm start`,
      ),
    ]);
    server.close();
  }, 60_000);

  it('names the setting that it cannot use, in one line and without its password', async () => {
    const storytime = run({ PORT: '0', DATABASE_URL: 'mysql://me:s3cret@db/tales' });

    expect(await storytime.exit()).toBe(1);
    expect(storytime.output.split('\n')).toEqual([
      expect.stringContaining('DATABASE_URL does not begin with postgres://'),
    ]);
    expect(storytime.output).not.toContain('s3cret');
  }, 60_000);
});
