import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, freePort, RedisServer, ServerStartError } from '@nest-strata/testing';
import { Redis } from 'ioredis';

const DEV_HOOKS = new URL('../../../tools/dev.mjs', import.meta.url).href;
const clients: Redis[] = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

function connectTo(url: string): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => 20, disconnectTimeout: 50 });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Runs a script in a process of its own, which has the kit at hand, until it has printed something. */
async function startNode(script: string, env: NodeJS.ProcessEnv = {}) {
  const flags = ['--conditions=@nest-strata/source', '--import', DEV_HOOKS, '--input-type=module', '-e', script];
  const child = spawn(process.execPath, flags, { cwd: import.meta.dirname, env: { ...process.env, ...env } });
  const exited = once(child, 'exit');
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const printed = once(child.stdout.setEncoding('utf8'), 'data') as Promise<[string]>;
  const failed = exited.then(() => Promise.reject(new Error(complaints)));
  failed.catch(() => undefined);
  const [line] = await Promise.race([printed, failed]);
  return { child, exited, line };
}

describe('a started server', () => {
  it('answers within a second of the call', async () => {
    const startedAtMs = performance.now();
    await using server = await RedisServer.start();
    expect(await connectTo(server.url).ping()).toBe('PONG');
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  });

  it('is a process of its own that persists nothing and listens on the loopback alone', async () => {
    await using server = await RedisServer.start();
    const client = connectTo(server.url);
    expect(await client.info('server')).toContain(`process_id:${server.pid}\r\n`);
    expect(await client.config('GET', 'save')).toEqual(['save', '']);
    expect(await client.config('GET', 'appendonly')).toEqual(['appendonly', 'no']);
    expect(await client.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  });

  it('takes settings and arguments', async () => {
    await using server = await RedisServer.start({
      config: { maxmemory: '10mb', 'maxmemory-policy': 'allkeys-lru', save: ['900', 1] },
      args: ['--databases', '3', '--user', 'app', 'on', '>secret', '~cache:*', '+@all'],
    });
    const client = connectTo(server.url);
    expect(await client.config('GET', 'maxmemory')).toEqual(['maxmemory', String(10 * 1024 * 1024)]);
    expect(await client.config('GET', 'save')).toEqual(['save', '900 1']);
    await expect(client.select(3)).rejects.toThrow('out of range');
    expect(await connectTo(server.url.replace('//', '//app:secret@')).set('cache:1', 'one')).toBe('OK');
  });

  it('shares its port with no other, however many start at once', async () => {
    const servers = await Promise.all(Array.from({ length: 10 }, () => RedisServer.start()));
    expect(new Set(servers.map(({ port }) => port)).size).toBe(10);
    await Promise.all(servers.map((server, index) => connectTo(server.url).set('index', index)));
    const found = await Promise.all(servers.map((server) => connectTo(server.url).get('index')));
    expect(found).toEqual(servers.map((_, index) => String(index)));
    await Promise.all(servers.map((server) => server.stop()));
  });
});

describe('a password', () => {
  it('is needed, and is part of the URL, whatever it is made of', async () => {
    await using server = await RedisServer.start({ password: 'pä ss:/?#@%' });
    expect(await connectTo(server.url).ping()).toBe('PONG');
    await expect(connectTo(`redis://127.0.0.1:${server.port}`).ping()).rejects.toThrow('NOAUTH');
  });
});

describe('a port that is asked for', () => {
  it('is used', async () => {
    const port = await freePort();
    await using server = await RedisServer.start({ port });
    expect(server.port).toBe(port);
    expect(server.url).toBe(`redis://127.0.0.1:${port}`);
    expect(await connectTo(server.url).ping()).toBe('PONG');
  });

  it('is refused with the words of Redis when it is taken', async () => {
    await using server = await RedisServer.start();
    const second = RedisServer.start({ port: server.port });
    await expect(second).rejects.toThrow(ServerStartError);
    await expect(second).rejects.toThrow(/ended with status 1 before it was ready.*Address already in use/s);
    await expect(second).rejects.toMatchObject({ code: 'SERVER_START_FAILED', isPortTaken: true });
  });
});

describe('a setting that Redis refuses', () => {
  it('fails the start with the words of Redis', async () => {
    const start = RedisServer.start({ config: { 'no-such-setting': 'x' } });
    await expect(start).rejects.toThrow(/ended with status 1 before it was ready.*no-such-setting/s);
    await expect(start).rejects.toMatchObject({ isPortTaken: false });
  });

  it('leaves no temporary folder behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'strata-test-'));
    const script = `
      import { RedisServer } from '@nest-strata/testing';
      await RedisServer.start({ config: { maxmemory: 'much' } }).catch((error) => console.log(error.code));`;
    const { exited, line } = await startNode(script, { TMPDIR: folder });
    expect(line).toBe('SERVER_START_FAILED\n');
    await exited;
    expect(await readdir(folder)).toEqual([]);
    await rm(folder, { recursive: true });
  });
});

describe('a killed server', () => {
  it('is gone at once, and comes back empty on the same port', async () => {
    await using server = await RedisServer.start();
    const client = connectTo(server.url);
    await client.set('key', 'value');
    const { pid, url } = server;

    await server.kill();
    expect(runs(pid)).toBe(false);
    expect(server.isRunning).toBe(false);
    await expect(client.get('key')).rejects.toThrow();

    await server.restart();
    expect(server.isRunning).toBe(true);
    expect(server.url).toBe(url);
    expect(server.pid).not.toBe(pid);
    expect(await connectTo(url).get('key')).toBeNull();
  });

  it('comes back with every acknowledged write when it is persistent', async () => {
    await using server = await RedisServer.start({ persistent: true });
    await connectTo(server.url).set('key', 'value');
    await server.kill();
    await server.restart();
    expect(await connectTo(server.url).get('key')).toBe('value');
  });

  it('can be signalled and killed again without effect', async () => {
    await using server = await RedisServer.start();
    await server.kill();
    server.pause();
    server.resume();
    await server.kill();
    expect(server.isRunning).toBe(false);
  });
});

describe('a restart of a running server', () => {
  it('takes its place, with its data if it is persistent', async () => {
    await using server = await RedisServer.start({ persistent: true });
    await connectTo(server.url).set('key', 'value');
    const { pid } = server;
    await server.restart();
    expect(runs(pid)).toBe(false);
    expect(await connectTo(server.url).get('key')).toBe('value');
  });
});

describe('a paused server', () => {
  it('answers nothing and accepts connections, until it is resumed', async () => {
    await using server = await RedisServer.start();
    const client = connectTo(server.url);
    await client.ping();

    server.pause();
    const ping = client.ping();
    expect(await Promise.race([ping, sleep(100, 'pending')])).toBe('pending');
    await once(connectTo(server.url), 'connect');
    expect(server.isRunning).toBe(true);

    server.resume();
    expect(await ping).toBe('PONG');
  });

  it.each([undefined, 'a folder of its own'])('can be stopped and restarted (data in %p)', async (kind) => {
    const dataDir = kind && (await mkdtemp(join(tmpdir(), 'strata-test-')));
    await using server = await RedisServer.start(dataDir === undefined ? {} : { dataDir });
    server.pause();
    await server.restart();
    expect(await connectTo(server.url).ping()).toBe('PONG');
    server.pause();
    await server.stop();
    expect(server.isRunning).toBe(false);
    if (dataDir !== undefined) await rm(dataDir, { recursive: true });
  });
});

describe('a stopped server', () => {
  it('leaves no folder behind, and can be stopped again', async () => {
    const server = await RedisServer.start({ persistent: true });
    const [, folder] = (await connectTo(server.url).config('GET', 'dir')) as [string, string];
    expect(existsSync(folder)).toBe(true);
    await server.stop();
    await server.stop();
    expect(existsSync(folder)).toBe(false);
  });

  it('leaves the data folder that it was given, and another server finds the data', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'strata-test-'));
    const first = await RedisServer.start({ dataDir, persistent: true });
    await connectTo(first.url).set('key', 'value');
    await first.stop();
    const second = await RedisServer.start({ dataDir, persistent: true });
    expect(await connectTo(second.url).get('key')).toBe('value');
    await second.stop();
    await rm(dataDir, { recursive: true });
  });
});

describe('a server that ends by itself', () => {
  it('is known not to run', async () => {
    await using server = await RedisServer.start();
    await connectTo(server.url)
      .shutdown('NOSAVE')
      .catch(() => undefined);
    await expect(eventually(() => !server.isRunning)).resolves.toBeUndefined();
  });
});

describe('a process that started a server', () => {
  /** Runs a script that has the kit at hand and prints one line of JSON once its server runs. */
  async function runScript(afterStart: string) {
    const script = `
      import { RedisServer } from '@nest-strata/testing';
      import { Redis } from 'ioredis';
      const server = await RedisServer.start();
      const client = new Redis(server.url);
      const [, folder] = await client.config('GET', 'dir');
      client.disconnect();
      console.log(JSON.stringify({ pid: server.pid, folder }));
      ${afterStart}`;
    const { child, exited, line } = await startNode(script);
    return { child, exited, server: JSON.parse(line) as { pid: number; folder: string } };
  }

  it('takes it along when it is killed with SIGKILL, paused or not, with its folder', async () => {
    const { child, exited, server } = await runScript('server.pause(); setInterval(() => undefined, 1_000);');
    expect(runs(server.pid)).toBe(true);
    expect(existsSync(server.folder)).toBe(true);
    child.kill('SIGKILL');
    await exited;
    await eventually(() => !runs(server.pid) && !existsSync(server.folder));
  });

  it('is not kept alive by it, and takes it along when it ends', async () => {
    const { exited, server } = await runScript('');
    expect(await exited).toEqual([0, null]);
    await eventually(() => !runs(server.pid) && !existsSync(server.folder));
  });

  it('lives until a stop has done its work', async () => {
    const { exited, server } = await runScript('await server.stop(); process.exitCode = 7;');
    expect(await exited).toEqual([7, null]);
    expect(runs(server.pid)).toBe(false);
  });
});
