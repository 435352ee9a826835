import assert from 'node:assert/strict';
import type { RedisPort, RedisState } from '@nest-strata/redis';
import { freePort } from '../process/free-port.js';
import { RedisServer } from '../redis/redis-server.js';
import { eventually } from '../wait/eventually.js';
import type { ContractClause } from './contract.js';
import type { RedisPortSubject } from './redis-port-subject.js';

/** How much later than promised a call may settle on a machine that has much else to do. */
const TOLERANCE_MS = 500;
/** How long a port may take to notice that Redis is back. */
const RECOVERY_MS = 8_000;

/** A Redis that is away, slow or hung: what a port does then. */
export const redisPortFaultClauses: readonly ContractClause<RedisPortSubject>[] = [
  {
    title: 'is ready once it is connected, and connects once however often it is asked to',
    async check({ port, network }) {
      assert.equal(port.state, 'ready');
      assert.equal(port.reason, undefined);
      const { acceptedCount } = network;
      await Promise.all([port.connect(), port.connect()]);
      assert.equal(network.acceptedCount, acceptedCount);
    },
  },
  {
    title: 'connects by itself when it is first used',
    async check({ server, makePort }) {
      const port = await makePort(server.url);
      assert.equal(port.state, 'connecting');
      await untilAnswered(port);
      assert.equal(port.state, 'ready');
    },
  },
  {
    title: 'rejects within the deadline when Redis hangs, then at once, and works again when Redis does',
    async check({ port, server, deadlineMs }) {
      server.pause();
      await assertUnavailableWithin(deadlineMs, [port.read(['key']), port.send('SET', ['key', 'value'])]);
      await eventually(async () => {
        await port.read(['key']).catch(() => undefined);
        return port.state !== 'ready';
      }, RECOVERY_MS);
      assert.equal(port.state, 'breaker-open');
      const startedAtMs = performance.now();
      for (let count = 0; count < 50; count++) {
        await assertUnavailableWithin(0, [port.read(['key'])]);
        assert.ok(performance.now() - startedAtMs < 3 * deadlineMs + TOLERANCE_MS, 'it went on to wait for each call');
      }
      server.resume();
      await untilAnswered(port);
    },
  },
  {
    title: 'rejects at once when Redis is killed, and works again when it is back',
    async check({ port, server }) {
      await server.kill();
      await eventually(() => port.state !== 'ready', RECOVERY_MS);
      assert.equal(port.state, 'connecting');
      assert.ok(port.reason instanceof Error);
      await assertUnavailableWithin(0, [port.read(['key']), port.send('PING', [])]);
      await server.restart();
      await untilAnswered(port);
      assert.equal(port.reason, undefined);
    },
  },
  {
    title: 'finds its way out of a connection that died in silence',
    async check({ port, network, deadlineMs }) {
      network.blackhole();
      await assertUnavailableWithin(deadlineMs, [port.read(['key'])]);
      network.heal();
      await untilAnswered(port);
    },
  },
  {
    title: 'never sends a command twice, however the connection breaks',
    async check({ port, server, network, makePort }) {
      network.delay(60_000);
      const lost = Promise.allSettled([port.send('INCR', ['count']), port.send('RPUSH', ['list', 'item'])]);
      const direct = await makePort(server.url);
      await direct.connect();
      await eventually(async () => String(await direct.send('GET', ['count'])) === '1', RECOVERY_MS);
      network.resetConnections();
      network.heal();
      assert.ok((await lost).every(({ status }) => status === 'rejected'));
      await untilAnswered(port);
      assert.equal(String(await port.send('GET', ['count'])), '1');
      assert.equal(await port.send('LLEN', ['list']), 1);
    },
  },
  {
    title: 'tells every change of its state once, until it is told to stop',
    async check({ port, server }) {
      const heard: RedisState[] = [];
      const stop = port.onStateChange((state) => heard.push(state));
      await server.kill();
      await eventually(() => port.state !== 'ready', RECOVERY_MS);
      await server.restart();
      await untilAnswered(port);
      assert.equal(heard[0], 'connecting');
      assert.equal(heard.at(-1), 'ready');
      assert.equal(heard.filter((state) => state === 'ready').length, 1);
      stop();
      heard.length = 0;
      await port.close();
      assert.deepEqual(heard, []);
    },
  },
  {
    title: 'waits for a server that is not there yet, without holding anybody up',
    async check({ makePort, deadlineMs }) {
      const serverPort = await freePort();
      const port = await makePort(`redis://127.0.0.1:${serverPort}`);
      await assertUnavailableWithin(deadlineMs, [port.read(['key']), port.send('PING', [])]);
      await assertUnavailableWithin(100, [port.connect(100)]);
      const server = await RedisServer.start({ port: serverPort });
      try {
        await untilAnswered(port);
      } finally {
        await port.close();
        await server.stop();
      }
    },
  },
  {
    title: 'says that a password is wrong, and keeps it to itself',
    async check({ makePort }) {
      const server = await RedisServer.start({ password: 'right' });
      try {
        const port = await makePort(`redis://:hush-hush@127.0.0.1:${server.port}`);
        await assert.rejects(port.connect(), (error: Error & { code?: unknown }) => {
          assert.equal(error.code, 'REDIS_AUTH');
          assert.doesNotMatch(error.message + String(error.stack) + JSON.stringify(error), /hush-hush/);
          return true;
        });
        assert.notEqual(port.state, 'ready');
        assert.match(String(port.reason), /password/);
      } finally {
        await server.stop();
      }
    },
  },
  {
    title: 'answers what is under way before it closes, and nothing afterwards',
    async check({ port, network }) {
      const last = port.send('INCR', ['count']);
      const read = port.read(['count']);
      await port.close();
      assert.equal(await last, 1);
      assert.equal(String((await read)[0]), '1');
      assert.equal(port.state, 'closed');
      await assertUnavailableWithin(0, [port.read(['count']), port.send('PING', []), port.connect(100)]);
      await port.close();
      await eventually(() => network.connectionCount === 0, RECOVERY_MS);
    },
  },
  {
    title: 'closes in bounded time when Redis hangs',
    async check({ port, server, deadlineMs }) {
      server.pause();
      const startedAtMs = performance.now();
      await port.close();
      assert.ok(performance.now() - startedAtMs < 4 * deadlineMs + TOLERANCE_MS);
    },
  },
];

/** Each must reject, saying that Redis is unavailable, in time. */
async function assertUnavailableWithin(limitMs: number, calls: readonly Promise<unknown>[]): Promise<void> {
  const startedAtMs = performance.now();
  for (const call of await Promise.allSettled(calls)) {
    assert.ok(call.status === 'rejected', 'it was answered');
    assert.equal((call.reason as { code?: unknown }).code, 'REDIS_UNAVAILABLE', String(call.reason));
  }
  const tookMs = performance.now() - startedAtMs;
  assert.ok(tookMs <= limitMs + TOLERANCE_MS, `it took ${tookMs} ms`);
}

async function untilAnswered(port: RedisPort): Promise<void> {
  const isAnswered = () =>
    port.send('PING', []).then(
      () => true,
      () => false,
    );
  await eventually(isAnswered, RECOVERY_MS);
}
