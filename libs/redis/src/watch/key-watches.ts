import type { BatchKind } from '../batch/batch.js';
import type { Suitability } from '../connection/link-pool.js';
import type { RedisLink } from '../connection/redis-link.js';
import { InvalidRedisOptionsError } from '../errors/invalid-redis-options.error.js';
import { BusChannel } from './bus.channel.js';
import type { KeyChannel, KeyChannelContext } from './key-channel.js';
import type { KeyAnnouncement, KeyWatch, KeyWatchListener, KeyWatchMode, KeyWatchOptions } from './key-watch.port.js';
import { RedisKeyWatch } from './redis-key-watch.js';
import { TrackingChannel } from './tracking.channel.js';

/** What {@link KeyWatches} take from the port. */
export interface KeyWatchesContext extends KeyChannelContext {
  /** Starts connecting. */
  readonly open: () => void;
}

const SOURCE_BYTES = 8;

/** The watches of a port. They share what tracks for them, for a connection can track for one subscriber only. */
export class KeyWatches {
  readonly #context: KeyWatchesContext;
  readonly #watches = new Set<RedisKeyWatch>();
  #tracking: TrackingChannel | undefined;
  #isClosed = false;

  constructor(context: KeyWatchesContext) {
    this.#context = context;
  }

  /** @throws InvalidRedisOptionsError when the port tracks in another mode already */
  watch(options: KeyWatchOptions, listener: KeyWatchListener): KeyWatch {
    this.#refuseSecondMode(options.mode === 'auto' ? 'tracking' : options.mode);
    const watch = new RedisKeyWatch({
      options,
      listener,
      source: this.#context.link.random.bytes(SOURCE_BYTES).toString('hex'),
      open: this.#context.open,
      makeChannel: (mode, announcement) => this.#channel(mode, announcement),
      closed: () => void this.#watches.delete(watch),
    });
    if (this.#isClosed) void watch.close();
    else this.#watches.add(watch);
    return watch;
  }

  linkReady(): void {
    this.#tracking?.linkReady();
  }

  linkLost(link: RedisLink): void {
    this.#tracking?.linkLost(link);
  }

  /** How well a connection suits a batch, as far as that matters to what is watched. */
  suitability(link: RedisLink, kind: BatchKind): Suitability {
    return this.#tracking?.suitability(link, kind) ?? 'will-do';
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#watches].map((watch) => watch.close()));
  }

  #refuseSecondMode(mode: KeyWatchMode): void {
    const other = [...this.#watches].find(({ channelMode }) => channelMode !== 'bus' && channelMode !== mode);
    if (other === undefined || mode === 'bus') return;
    const message = `is ${mode}, but this port tracks in the mode ${other.channelMode}. Use one mode, or another port`;
    throw new InvalidRedisOptionsError([{ path: 'mode', message }]);
  }

  #channel(mode: KeyWatchMode, announcement: KeyAnnouncement): KeyChannel {
    if (mode === 'bus') return new BusChannel(this.#context, announcement);
    this.#tracking ??= new TrackingChannel(mode, this.#context, () => (this.#tracking = undefined));
    return this.#tracking;
  }
}
