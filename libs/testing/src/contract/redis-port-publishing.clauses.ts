import assert from 'node:assert/strict';
import type { RedisPort, Subscription, Topics } from '@nest-strata/redis';
import { eventually } from '../wait/eventually.js';
import type { ContractClause } from './contract.js';
import type { RedisPortSubject } from './redis-port-subject.js';

const HEARTBEAT_MS = 150;
/** How long a port may take to find its way back. */
const RECOVERY_MS = 8_000;

/** A subscription that writes down what it is told. */
class Ear {
  readonly heard: string[] = [];
  readonly events: string[] = [];
  readonly subscription: Subscription;

  constructor(port: RedisPort) {
    this.subscription = port.subscribe(
      {
        message: (channel, payload, pattern) =>
          void this.heard.push(
            [channel, payload.toString('latin1'), ...(pattern === undefined ? [] : [pattern])].join(' '),
          ),
        armed: () => void this.events.push('armed'),
        lost: () => void this.events.push('lost'),
      },
      { heartbeatMs: HEARTBEAT_MS },
    );
  }

  static async of(port: RedisPort, topics: Topics): Promise<Ear> {
    const ear = new Ear(port);
    ear.subscription.follow(topics);
    await ear.untilArmed();
    return ear;
  }

  async untilArmed(): Promise<void> {
    await eventually(() => this.subscription.isArmed, RECOVERY_MS);
  }

  /** What was heard so far, once all that was published before has been. */
  async settled(): Promise<readonly string[]> {
    const nowMs = performance.now();
    await eventually(() => this.subscription.heardUpToMs >= nowMs, RECOVERY_MS);
    return this.heard;
  }
}

/** What is published: who hears it, and that nobody believes to hear who does not. */
export const redisPortPublishingClauses: readonly ContractClause<RedisPortSubject>[] = [
  {
    title: 'hears what is published on the channels and patterns that are followed, byte for byte and in order',
    async check({ port }) {
      const ear = await Ear.of(port, { channels: ['news', 'é:{1}'], patterns: ['user:*'] });
      const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
      await port.send('PUBLISH', ['news', bytes]);
      await port.send('PUBLISH', ['é:{1}', '']);
      await port.send('PUBLISH', ['other', 'unheard']);
      await port.send('PUBLISH', ['user:7', 'hello']);
      assert.deepEqual(await ear.settled(), [`news ${bytes.toString('latin1')}`, 'é:{1} ', 'user:7 hello user:*']);
      assert.deepEqual(ear.events, ['armed']);
    },
  },
  {
    title: 'listens over one connection for all, and to a channel as long as somebody follows it',
    async check({ port, network }) {
      const first = await Ear.of(port, { channels: ['news'] });
      const second = await Ear.of(port, { channels: ['news', 'weather'] });
      assert.equal(network.connections.filter(({ isSubscriber }) => isSubscriber).length, 1);
      assert.equal(await port.send('PUBLISH', ['news', '1']), 1);
      await first.settled();
      first.subscription.unfollow({ channels: ['news'] });
      await eventually(async () => (await port.send('PUBLISH', ['weather', '2'])) === 1);
      assert.equal(await port.send('PUBLISH', ['news', '3']), 1);
      await second.settled();
      assert.deepEqual(first.heard, ['news 1']);
      assert.ok(second.heard.includes('news 3'));
      second.subscription.unfollow({ channels: ['news'] });
      await eventually(async () => (await port.send('PUBLISH', ['news', '4'])) === 0);
      await first.subscription.close();
      await second.subscription.close();
      await eventually(() => network.connections.every(({ isSubscriber }) => !isSubscriber));
      assert.ok(!second.heard.includes('news 4'));
    },
  },
  {
    title: 'is armed again once it hears what was added, and not before',
    async check({ port }) {
      const ear = await Ear.of(port, { channels: ['a'] });
      ear.subscription.follow({ channels: ['b'], patterns: ['c*'] });
      assert.equal(ear.subscription.isArmed, false);
      await ear.untilArmed();
      for (const channel of ['a', 'b', 'c']) assert.equal(await port.send('PUBLISH', [channel, 'x']), 1);
      ear.subscription.follow({ channels: ['b'] });
      assert.equal(ear.subscription.isArmed, true);
      ear.subscription.unfollow({ channels: ['b'] });
      ear.subscription.follow({ channels: ['b'] });
      await ear.untilArmed();
      assert.equal(await port.send('PUBLISH', ['b', 'y']), 1);
      assert.deepEqual(await ear.settled(), ['a x', 'b x', 'c x c*', 'b y']);
      assert.ok(!ear.events.includes('lost'));
    },
  },
  {
    title: 'says that it may have missed something when its connection is lost, and when it hears again',
    async check({ port, server, network }) {
      const ear = await Ear.of(port, { channels: ['news'], patterns: ['user:*'] });
      await port.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
      await eventually(() => ear.events.length === 3, RECOVERY_MS);
      assert.deepEqual(ear.events, ['armed', 'lost', 'armed']);
      assert.equal(await port.send('PUBLISH', ['news', '1']), 1);
      assert.equal(await port.send('PUBLISH', ['user:1', '2']), 1);
      assert.deepEqual(await ear.settled(), ['news 1', 'user:1 2 user:*']);
      network.where(({ isSubscriber }) => isSubscriber).blackhole();
      await eventually(() => ear.events.length === 4, RECOVERY_MS);
      assert.equal(ear.subscription.isArmed, false);
      assert.equal(ear.subscription.heardUpToMs, -Infinity);
      network.heal();
      await eventually(() => ear.events.length === 5, RECOVERY_MS);
      await server.kill();
      await eventually(() => ear.events.length === 6, RECOVERY_MS);
      await server.restart();
      await ear.untilArmed();
      assert.deepEqual(ear.events.slice(3), ['lost', 'armed', 'lost', 'armed']);
      assert.equal(ear.subscription.losses, 3);
    },
  },
  {
    title: 'lets nobody hear anything more once it is closed',
    async check({ port, server, network, makePort }) {
      const other = await makePort(server.url);
      await other.connect();
      const ear = await Ear.of(port, { channels: ['news'] });
      await port.close();
      await eventually(() => network.connectionCount === 0, RECOVERY_MS);
      assert.equal(await other.send('PUBLISH', ['news', 'late']), 0);
      const late = new Ear(port);
      late.subscription.follow({ channels: ['news'] });
      await late.subscription.close();
      assert.deepEqual([ear.heard, ear.events, late.events], [[], ['armed'], []]);
      assert.equal(ear.subscription.isArmed, false);
      assert.equal(network.connectionCount, 0);
    },
  },
];
