import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { createRedis } from '@nest-strata/redis';
import type {
  KeyWatch,
  KeyWatchListener,
  KeyWatchOptions,
  RedisArgument,
  RedisPort,
  RedisScript,
  RedisStateListener,
  Subscription,
  SubscriptionListener,
  SubscriptionOptions,
} from '@nest-strata/redis';
import { checkClause } from '../src/contract/contract.js';
import { makeRedisPortSubject } from '../src/contract/redis-port-subject.js';
import { describeRedisPort, redisPortClauses } from '../src/contract/redis-port.contract.js';

const DEADLINE_MS = 200;

function makeGoodPort(url: string): RedisPort {
  return createRedis({ url, deadline: `${DEADLINE_MS}ms` });
}

describeRedisPort('createRedis', makeGoodPort, DEADLINE_MS);

/** A good port, of which the broken ones below each change one thing. */
class Delegating implements RedisPort {
  protected readonly good: RedisPort;

  constructor(url: string) {
    this.good = makeGoodPort(url);
  }

  get state() {
    return this.good.state;
  }
  get reason() {
    return this.good.reason;
  }
  read(keys: readonly string[]): Promise<(Buffer | null)[]> {
    return this.good.read(keys);
  }
  send(command: string, args: readonly RedisArgument[]): Promise<unknown> {
    return this.good.send(command, args);
  }
  run<Key extends string, Arg extends string, Reply>(
    script: RedisScript<Key, Arg, Reply>,
    keys: Readonly<Record<Key, string>>,
    args: Readonly<Record<Arg, RedisArgument>>,
  ): Promise<Reply> {
    return this.good.run(script, keys, args);
  }
  scan(pattern: string, batchSize?: number): AsyncIterable<string[]> {
    return this.good.scan(pattern, batchSize);
  }
  watch(options: KeyWatchOptions, listener: KeyWatchListener): KeyWatch {
    return this.good.watch(options, listener);
  }
  subscribe(listener: SubscriptionListener, options?: SubscriptionOptions): Subscription {
    return this.good.subscribe(listener, options);
  }
  connect(timeoutMs?: number): Promise<void> {
    return this.good.connect(timeoutMs);
  }
  onStateChange(listener: RedisStateListener): () => void {
    return this.good.onStateChange(listener);
  }
  close(): Promise<void> {
    return this.good.close();
  }
}

const HANGS = 'rejects within the deadline when Redis hangs, then at once, and works again when Redis does';
const READS =
  'reads values in the order of the keys, with null for misses and for what is no string, duplicates included';
const ORDER = 'carries out the commands of a tick in their order, and ahead of its reads';
const REFUSES =
  'rejects a command that Redis refuses, with its words and without the arguments, and no other of the tick';
const ONCE = 'asks once for all that is read in one tick, and once for each key';
const HEARS = 'hears what is published on the channels and patterns that are followed, byte for byte and in order';
const LOSES = 'says that it may have missed something when its connection is lost, and when it hears again';
const SCANS = 'scans every key that matches, and no other';

const brokenPorts: { readonly flaw: string; readonly breaks: string; readonly Port: typeof Delegating }[] = [
  {
    flaw: 'turns what is published into text',
    breaks: HEARS,
    Port: class extends Delegating {
      override subscribe(listener: SubscriptionListener, options?: SubscriptionOptions) {
        const message: SubscriptionListener['message'] = (channel, payload, pattern) =>
          listener.message(channel, Buffer.from(payload.toString()), pattern);
        return super.subscribe(toldBy(listener, { message }), options);
      }
    },
  },
  {
    flaw: 'subscribes for each listener alone',
    breaks: 'listens over one connection for all, and to a channel as long as somebody follows it',
    Port: class extends Delegating {
      readonly #others: RedisPort[] = [];
      constructor(private readonly url: string) {
        super(url);
      }
      override subscribe(listener: SubscriptionListener, options?: SubscriptionOptions) {
        const other = makeGoodPort(this.url);
        this.#others.push(other);
        return other.subscribe(listener, options);
      }
      override async close() {
        await Promise.all([super.close(), ...this.#others.map((other) => other.close())]);
      }
    },
  },
  {
    flaw: 'never says that it has missed something',
    breaks: LOSES,
    Port: class extends Delegating {
      override subscribe(listener: SubscriptionListener, options?: SubscriptionOptions) {
        return super.subscribe(toldBy(listener, { lost: () => undefined }), options);
      }
    },
  },
  {
    flaw: 'does not notice a silent connection',
    breaks: LOSES,
    Port: class extends Delegating {
      override subscribe(listener: SubscriptionListener) {
        return super.subscribe(listener, { heartbeatMs: 600_000 });
      }
    },
  },
  {
    flaw: 'says that it hears before it does',
    breaks: 'is armed again once it hears what was added, and not before',
    Port: class extends Delegating {
      override subscribe(listener: SubscriptionListener, options?: SubscriptionOptions) {
        return Object.defineProperty(super.subscribe(listener, options), 'isArmed', { value: true });
      }
    },
  },
  {
    flaw: 'goes on listening when it is closed',
    breaks: 'lets nobody hear anything more once it is closed',
    Port: class extends Delegating {
      readonly #other: RedisPort;
      constructor(url: string) {
        super(url);
        this.#other = makeGoodPort(url);
      }
      override subscribe(listener: SubscriptionListener, options?: SubscriptionOptions) {
        return this.#other.subscribe(listener, options);
      }
      override async close() {
        if (this.state === 'closed') await this.#other.close();
        await super.close();
      }
    },
  },
  {
    flaw: 'reads duplicates once',
    breaks: READS,
    Port: class extends Delegating {
      override read(keys: readonly string[]) {
        return super.read([...new Set(keys)]);
      }
    },
  },
  {
    flaw: 'turns bytes into text',
    breaks: 'carries every byte and any key',
    Port: class extends Delegating {
      override async read(keys: readonly string[]) {
        return (await super.read(keys)).map((value) => value && Buffer.from(value.toString()));
      }
    },
  },
  {
    flaw: 'asks for each key alone',
    breaks: ONCE,
    Port: class extends Delegating {
      override async read(keys: readonly string[]) {
        return Promise.all(keys.map(async (key) => (await this.send('GET', [key])) as Buffer | null));
      }
    },
  },
  {
    flaw: 'asks for each read alone',
    breaks: ONCE,
    Port: class extends Delegating {
      override async read(keys: readonly string[]) {
        return (await this.send('MGET', keys)) as (Buffer | null)[];
      }
    },
  },
  {
    flaw: 'reads before it writes',
    breaks: ORDER,
    Port: class extends Delegating {
      override async send(command: string, args: readonly RedisArgument[]) {
        await sleep(1);
        return super.send(command, args);
      }
    },
  },
  {
    flaw: 'carries out commands in any order',
    breaks: ORDER,
    Port: class extends Delegating {
      override async send(command: string, args: readonly RedisArgument[]) {
        if (args[1] === 7) await sleep(5);
        return super.send(command, args);
      }
    },
  },
  {
    flaw: 'swallows what Redis refuses',
    breaks: REFUSES,
    Port: class extends Delegating {
      override send(command: string, args: readonly RedisArgument[]) {
        return super.send(command, args).catch(() => null);
      }
    },
  },
  {
    flaw: 'tells the arguments',
    breaks: REFUSES,
    Port: class extends Delegating {
      override send(command: string, args: readonly RedisArgument[]) {
        return super.send(command, args).catch((error: unknown) => {
          throw Object.assign(error as Error, { args });
        });
      }
    },
  },
  {
    flaw: 'mixes up the keys of scripts',
    breaks: 'runs a script with its keys and arguments by name, and parses the reply',
    Port: class extends Delegating {
      override async run<Key extends string, Arg extends string, Reply>(
        script: RedisScript<Key, Arg, Reply>,
        keys: Readonly<Record<Key, string>>,
        args: Readonly<Record<Arg, RedisArgument>>,
      ) {
        const words = [
          script.lua,
          script.keys.length,
          ...Object.values<string>(keys),
          ...Object.values<RedisArgument>(args),
        ];
        return script.parse(await this.send('EVAL', words));
      }
    },
  },
  {
    flaw: 'takes scripts for known',
    breaks: 'runs a script that the server has forgotten',
    Port: class extends Delegating {
      readonly #known = new Set<string>();
      override async run<Key extends string, Arg extends string, Reply>(
        script: RedisScript<Key, Arg, Reply>,
        keys: Readonly<Record<Key, string>>,
        args: Readonly<Record<Arg, RedisArgument>>,
      ) {
        if (!this.#known.has(script.sha1)) await this.send('SCRIPT', ['LOAD', script.lua]);
        this.#known.add(script.sha1);
        const words = [...script.keys.map((name) => keys[name]), ...script.args.map((name) => args[name])];
        return script.parse(await this.send('EVALSHA', [script.sha1, script.keys.length, ...words]));
      }
    },
  },
  {
    flaw: 'scans one batch',
    breaks: SCANS,
    Port: class extends Delegating {
      override async *scan(pattern: string, batchSize?: number) {
        for await (const batch of super.scan(pattern, batchSize)) {
          yield batch;
          if (batch.length > 0) return;
        }
      }
    },
  },
  {
    flaw: 'scans to the end, whether anybody listens or not',
    breaks: 'stops scanning when it is no longer listened to',
    Port: class extends Delegating {
      override async *scan(pattern: string, batchSize?: number) {
        const batches: string[][] = [];
        for await (const batch of super.scan(pattern, batchSize)) batches.push(batch);
        yield* batches;
      }
    },
  },
  {
    flaw: 'waits for ever',
    breaks: HANGS,
    Port: class extends Delegating {
      override async read(keys: readonly string[]): Promise<(Buffer | null)[]> {
        return super.read(keys).catch(() => new Promise(() => undefined));
      }
    },
  },
  {
    flaw: 'waits its deadline each time, though it knows',
    breaks: HANGS,
    Port: class extends Delegating {
      override async read(keys: readonly string[]) {
        if (this.state !== 'ready') await sleep(DEADLINE_MS);
        return super.read(keys);
      }
    },
  },
  {
    flaw: 'tries again',
    breaks: 'never sends a command twice, however the connection breaks',
    Port: class extends Delegating {
      override async send(command: string, args: readonly RedisArgument[]): Promise<unknown> {
        return super.send(command, args).catch(async (error: unknown) => {
          if (command !== 'INCR') throw error;
          for (;;) {
            await sleep(20);
            if (this.state === 'ready') return super.send(command, args);
          }
        });
      }
    },
  },
  {
    flaw: 'tells each change twice',
    breaks: 'tells every change of its state once, until it is told to stop',
    Port: class extends Delegating {
      override onStateChange(listener: RedisStateListener) {
        return super.onStateChange((state, reason) => {
          listener(state, reason);
          listener(state, reason);
        });
      }
    },
  },
  {
    flaw: 'closes without waiting for answers',
    breaks: 'answers what is under way before it closes, and nothing afterwards',
    Port: class extends Delegating {
      override async read(keys: readonly string[]) {
        await sleep(10);
        return super.read(keys);
      }
    },
  },
  {
    flaw: 'waits for an answer to its farewell',
    breaks: 'closes in bounded time when Redis hangs',
    Port: class extends Delegating {
      #farewell: Promise<void> | undefined;
      override async close() {
        await (this.#farewell ??= sleep(1_400));
        await super.close();
      }
    },
  },
  {
    flaw: 'tells the password',
    breaks: 'says that a password is wrong, and keeps it to itself',
    Port: class extends Delegating {
      constructor(private readonly url: string) {
        super(url);
      }
      override async connect(timeoutMs?: number) {
        await super.connect(timeoutMs).catch((error: unknown) => {
          throw Object.assign(error as Error, { url: this.url });
        });
      }
    },
  },
];

/** A listener that is told as `listener`, but for some news. */
function toldBy(listener: SubscriptionListener, other: Partial<SubscriptionListener>): SubscriptionListener {
  return {
    message: (channel, payload, pattern) => listener.message(channel, payload, pattern),
    armed: () => listener.armed(),
    lost: (reason) => listener.lost(reason),
    ...other,
  };
}

/** A broken port may hang: then it has broken its promise, too. */
const PATIENCE_MS = 2_000;

describe('the contract of the Redis port', () => {
  it.each(brokenPorts)('is broken by a port that $flaw: it no longer "$breaks"', async ({ breaks, Port }) => {
    const clause = redisPortClauses.find(({ title }) => title === breaks);
    if (clause === undefined) throw new Error(`no such clause: ${breaks}`);
    const subject = await makeRedisPortSubject((url) => new Port(url), DEADLINE_MS);
    const outcome = checkClause(clause, () => subject).then(() => 'kept');
    await expect(
      Promise.race([outcome.catch(() => 'broken'), sleep(PATIENCE_MS, 'hung', { ref: false })]),
    ).resolves.not.toBe('kept');
    await subject.close?.();
  });
});
