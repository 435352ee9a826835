import type { Duplex } from 'node:stream';
import type { RedisArgument } from '../redis.port.js';

/**
 * What is used of a Redis client: a part of the `Redis` class of ioredis 5 and 6, described here so that neither is
 * needed to compile, and so that a client of your own fits.
 */
export interface RedisClient {
  /** `ready` while commands can be sent. */
  readonly status: string;
  /** True for a cluster client, which is of another kind. */
  readonly isCluster?: boolean;
  /** The socket; corking it sends all commands of a batch in one write. */
  readonly stream?: Duplex | undefined;
  /** Makes a client with the same settings but for `overrides`; what makes a user's client usable here. */
  duplicate(overrides?: object): RedisClient;
  connect(): Promise<void>;
  disconnect(reconnect?: boolean): void;
  quit(): Promise<unknown>;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  off(event: string, listener: (...args: unknown[]) => void): unknown;
  getBuffer(key: string): Promise<Buffer | null>;
  mgetBuffer(keys: string[]): Promise<(Buffer | null)[]>;
  callBuffer(command: string, args: RedisArgument[]): Promise<unknown>;
}

/** A class such as `Redis` of ioredis. */
export type RedisClientConstructor = new (options: object) => RedisClient;
