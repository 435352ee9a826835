import type { Random } from '@nest-strata/core';
import { KeyWatch, type KeyAnnouncement, type KeyWatchMode, type KeyWatchOptions } from './key-watch.port.js';

const SOURCE_BYTES = 8;

/** {@link KeyWatch} over the connections of a port. */
export class RedisKeyWatch extends KeyWatch {
  override readonly mode: KeyWatchMode | undefined;
  override readonly heardUpToMs = -Infinity;
  override readonly lagMs = undefined;
  override readonly losses = 0;
  override readonly announcement: KeyAnnouncement | undefined;

  constructor({ mode, channel }: KeyWatchOptions, random: Random) {
    super();
    this.mode = mode === 'auto' ? undefined : mode;
    const speaks = mode === 'auto' || mode === 'bus';
    this.announcement = speaks ? { channel, source: random.bytes(SOURCE_BYTES).toString('hex') } : undefined;
  }

  override follow(_prefixes: readonly string[]): void {
    return;
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}
