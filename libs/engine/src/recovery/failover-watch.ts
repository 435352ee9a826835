import type { Clock } from '@nest-strata/core';
import type { RedisPort, ServerIdentity } from '@nest-strata/redis';
import type { KeySpace } from '../keys/key-space.js';
import { judgeFailover } from './failover-verdict.js';
import type { FailoverVerdict, Heartbeat } from './failover-verdict.js';
import { heartbeatScript } from './heartbeat.script.js';

/** What {@link FailoverWatch} works with. */
export interface FailoverWatchParts {
  readonly redis: RedisPort;
  readonly keySpace: KeySpace;
  readonly clock: Clock;
  /**
   * Asks the server who it is; `undefined`: it does not tell. It must send its question before it returns, so that it
   * goes to the same server as what is asked together with it.
   */
  readonly readIdentity: () => Promise<ServerIdentity | undefined>;
  /** How far a server may have fallen back for evicts to be repeated one by one. */
  readonly windowMs: number;
}

const MIN_BEAT_INTERVAL_MS = 1_000;
/** A history in which nobody was at work for as long counts as lost. */
const RECORD_LIFE_MS = 24 * 3_600_000;
const VERSION = /^[0-9a-f]{16}$/;

/**
 * Finds out, whenever Redis can be asked again, what a failover has lost.
 *
 * Each history of the server, told by its replication id, has a record of its own. So a process that is back first and
 * goes on with the new server does not wipe out what others still have to see of the old one.
 */
export class FailoverWatch {
  readonly #parts: FailoverWatchParts;
  #server: ServerIdentity | undefined;
  #isFirstContact = true;
  #hasChecked = false;
  #heartbeats: readonly Heartbeat[] = [];
  #lastBeatAtMs = -Infinity;

  constructor(parts: FailoverWatchParts) {
    this.#parts = parts;
  }

  /** Whether the server was ever asked who it is. */
  get hasChecked(): boolean {
    return this.#hasChecked;
  }

  /** Whether the next {@link beat} may be sent: at most one in a second. */
  isBeatDue(nowMs: number): boolean {
    return this.#server !== undefined && nowMs - this.#lastBeatAtMs >= MIN_BEAT_INTERVAL_MS;
  }

  /**
   * Notes in Redis that this process is at work, so that a later {@link check} can see how far a server fell back.
   * Returns `false` when the server is not the one that it was: ask {@link check}.
   *
   * Rejects with the errors of the Redis port.
   */
  async beat(): Promise<boolean> {
    const { redis, keySpace, clock, windowMs } = this.#parts;
    const server = this.#server;
    if (server === undefined) return true;
    const sentAtMs = clock.monotonicMs();
    this.#lastBeatAtMs = sentAtMs;
    const { replicationId } = server;
    const record = keySpace.heartbeatKey(replicationId);
    const version = await redis.run(heartbeatScript, { record }, { replicationId, lifeMs: RECORD_LIFE_MS });
    if (version === undefined) return false;
    if (this.#server === server) {
      const firstKept = this.#heartbeats.findLastIndex((heartbeat) => heartbeat.sentAtMs < sentAtMs - windowMs);
      this.#heartbeats = [...this.#heartbeats.slice(Math.max(0, firstKept)), { version, sentAtMs }];
    }
    return true;
  }

  /** What was acknowledged so far may be lost with the server that is away, even if there was no check of it yet. */
  contactLost(): void {
    this.#isFirstContact = false;
  }

  /**
   * Asks the server who it is, and judges what it has lost since the last check. The next check judges from here on, so
   * the verdict must be acted upon.
   *
   * Rejects with the errors of the Redis port; then nothing is judged, and what was before still counts.
   */
  async check(): Promise<FailoverVerdict> {
    const before = this.#server;
    const [now, record] = await Promise.all([this.#parts.readIdentity(), this.#readRecord(before)]);
    const verdict = judgeFailover({
      before,
      now,
      isFirstContact: this.#isFirstContact,
      heartbeats: this.#heartbeats,
      record,
      windowMs: this.#parts.windowMs,
    });
    this.#hasChecked = true;
    this.#isFirstContact = false;
    if (verdict.kind !== 'same' || before === undefined) {
      this.#server = now;
      if (now?.replicationId !== before?.replicationId) this.#heartbeats = [];
      this.#lastBeatAtMs = -Infinity;
    }
    return verdict;
  }

  async #readRecord(server: ServerIdentity | undefined): Promise<string | undefined> {
    if (server === undefined) return undefined;
    const [stored] = await this.#parts.redis.read([this.#parts.keySpace.heartbeatKey(server.replicationId)]);
    const version = stored?.toString('latin1') ?? '';
    return VERSION.test(version) ? version : undefined;
  }
}
