import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from '@jest/globals';
import { RedisServer, ServerStartError } from '@nest-strata/testing';
import { Redis } from 'ioredis';

const clients: Redis[] = [];

function connect(server: RedisServer): Redis {
  const client = new Redis(server.url, { maxRetriesPerRequest: 0, retryStrategy: () => 20 });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

describe('a started server', () => {
  it('answers within a second of the call', async () => {
    const startedAtMs = performance.now();
    await using server = await RedisServer.start();
    expect(await connect(server).ping()).toBe('PONG');
    expect(performance.now() - startedAtMs).toBeLessThan(1_000);
  });

  it('persists nothing and listens on the loopback alone', async () => {
    await using server = await RedisServer.start();
    const client = connect(server);
    expect(await client.config('GET', 'save')).toEqual(['save', '']);
    expect(await client.config('GET', 'appendonly')).toEqual(['appendonly', 'no']);
    expect(await client.config('GET', 'bind')).toEqual(['bind', '127.0.0.1']);
  });
});
