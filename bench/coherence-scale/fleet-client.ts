import type { FleetSetup } from './fleet-setup.js';
import { KEY_COUNT, TRACKING_CHANNEL, VALUE, valueKey } from './key-space.js';
import { PushCounter, type Pushes } from './push-counter.js';
import { RawConnection } from './raw-connection.js';
import { command, subscribed, values } from './resp.js';

const KEYS_PER_READ = 500;

/** One listening process, as Redis sees it. */
export class FleetClient {
  readonly #held = new Uint8Array(KEY_COUNT);
  readonly #changed = new Set<number>();
  readonly #counter: PushCounter;
  readonly #heartbeatMs: number;
  #subscriber!: RawConnection;
  #data: readonly RawConnection[] = [];
  #onPong: () => void = () => undefined;
  #nextHeartbeatAtMs = 0;

  /** How many keys were read again because they had changed. */
  rereads = 0;

  static async open(port: number, setup: FleetSetup, place: number, heldKeys: readonly number[]): Promise<FleetClient> {
    const client = new FleetClient(setup, place);
    await client.#subscribe(port, setup, place);
    await client.#read(heldKeys);
    return client;
  }

  private constructor(setup: FleetSetup, place: number) {
    const onKey = (index: number) => {
      if (this.#held[index] === 1) this.#changed.add(index);
    };
    this.#counter = new PushCounter({
      onKey: setup.rereads ? onKey : undefined,
      onPong: () => {
        this.#onPong();
      },
    });
    this.#heartbeatMs = setup.heartbeatMs;
    this.#nextHeartbeatAtMs = performance.now() + (setup.heartbeatMs * place) / setup.clients;
  }

  get pushes(): Pushes {
    return this.#counter.pushes;
  }

  /** What is due between two messages. */
  tick(): void {
    if (this.#changed.size > 0) {
      this.rereads += this.#changed.size;
      void this.#read([...this.#changed]);
      this.#changed.clear();
    }
    if (this.#heartbeatMs > 0 && performance.now() >= this.#nextHeartbeatAtMs) {
      this.#nextHeartbeatAtMs += this.#heartbeatMs;
      for (const connection of this.#data) void connection.send(command('CLIENT', 'TRACKINGINFO'), 0);
      void this.#subscriber.send(command('PING'), 0);
    }
  }

  /** Resolves once everything has come that Redis told before this call. */
  caughtUp(): Promise<void> {
    const heard = new Promise<void>((resolve) => (this.#onPong = resolve));
    void this.#subscriber.send(command('PING'), 0);
    return heard;
  }

  close(): void {
    for (const connection of [this.#subscriber, ...this.#data]) connection.close();
  }

  async #subscribe(port: number, setup: FleetSetup, place: number): Promise<void> {
    this.#subscriber = await RawConnection.open(port, (bytes) => {
      this.#counter.feed(bytes);
    });
    const id = (await this.#subscriber.ask(command('CLIENT', 'ID'))).slice(1).trim();
    const channel = setup.mode === 'bus' ? turn(setup.channels, place) : TRACKING_CHANNEL;
    await this.#subscriber.send(command('SUBSCRIBE', channel), subscribed(channel).length);
    this.#data = await Promise.all(Array.from({ length: setup.dataConnections }, () => RawConnection.open(port)));
    if (setup.mode === 'none' || setup.mode === 'bus') return;
    const prefixes = turn(setup.prefixSets, place).flatMap((prefix) => ['PREFIX', prefix]);
    const what = setup.mode === 'tracking' ? ['BCAST', ...prefixes] : [];
    const arm = command('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, ...what, ...(setup.noLoop ? ['NOLOOP'] : []));
    await Promise.all(this.#data.map((connection) => connection.send(arm, '+OK\r\n'.length)));
  }

  async #read(indexes: readonly number[]): Promise<void> {
    for (let start = 0; start < indexes.length; start += KEYS_PER_READ) {
      const slice = indexes.slice(start, start + KEYS_PER_READ);
      for (const index of slice) this.#held[index] = 1;
      const read = command('MGET', ...slice.map((index) => valueKey(index)));
      await this.#data[0]?.send(read, values(slice.length, VALUE).length);
    }
  }
}

function turn<T>(items: readonly T[], place: number): T {
  return items[place % items.length] as T;
}
