import type { ClockTimer } from '@nest-strata/core';
import { retryDelayMs } from '../client/connection-profile.js';
import type { BatchKind } from '../batch/batch.js';
import type { Suitability } from '../connection/link-pool.js';
import type { RedisLink } from '../connection/redis-link.js';
import { describeFault } from '../errors/redis-fault.js';
import { RedisReplyError } from '../errors/redis-reply.error.js';
import { FirstPush, UnkeptPromise } from './first-push.js';
import { KeyChannel, type KeyChannelContext } from './key-channel.js';
import { coverOf, covers } from './prefix-cover.js';
import { isRefusal } from './refusal.js';
import { listenOn, SubscriberLink } from './subscriber-link.js';
import { TrackingCheck } from './tracking-check.js';
import {
  addTracking,
  INVALIDATION_CHANNEL,
  readClientId,
  readRunId,
  startTracking,
  stopTracking,
} from './tracking-commands.js';

/** Redis' reply when it knows no such connection (any more). */
const NO_SUBSCRIBER = /client ID .*does not exist/;

/** The subscriber, as the server sees it. */
interface Ear {
  readonly clientId: number;
  readonly runId: string | undefined;
}

/**
 * Hears what Redis tells of changes (`CLIENT TRACKING`). It consists of a subscriber and of the connections of the port
 * that track for it; when one of them is lost, all is: nobody knows what was missed.
 *
 * In the mode `tracking` a single connection tracks, and should take all writes, for it is spared the echo of its own. In
 * the mode `tracking-reads` every connection tracks what it reads.
 */
export class TrackingChannel extends KeyChannel {
  readonly mode: 'tracking' | 'tracking-reads';
  readonly #subscriber: SubscriberLink<Ear>;
  #ear: Ear | undefined;
  /** The connections that are to track. */
  #trackers: readonly RedisLink[] = [];
  /** All that may still track, whether they are to or not. */
  readonly #started = new Set<RedisLink>();
  /** The prefixes that are tracked, none of which begins with another one. */
  #cover: readonly string[] = [];
  #check = new TrackingCheck();
  #isArmed = false;
  readonly #firstPush: FirstPush;
  /** Counts the losses: what was begun before one is not to be finished after it. */
  #round = 0;
  #isBusy = false;
  #attempts = 0;
  #retry: ClockTimer | undefined;

  constructor(mode: TrackingChannel['mode'], context: KeyChannelContext, closed: () => void) {
    super(context, closed);
    this.mode = mode;
    this.#firstPush = new FirstPush(context.link.clock, context.link.random);
    this.#subscriber = new SubscriberLink(context.link, {
      role: 'watch',
      timeoutMs: () => this.timeoutMs(),
      begin: (link) => this.#meet(link),
      begun: (ear) => {
        this.#ear = ear;
        void this.#arm();
      },
      message: (payload) => this.#take(payload),
      lost: (reason) => {
        this.#ear = undefined;
        this.#lose(reason);
      },
      refused: (reason) => this.tell((member) => member.refused(reason)),
    });
  }

  override update(): void {
    this.#subscriber.open();
    queueMicrotask(() => void this.#arm());
  }

  /** To be called when a connection of the port has become ready. */
  linkReady(): void {
    void this.#arm();
  }

  /** To be called when a connection of the port is no longer ready. */
  linkLost(link: RedisLink): void {
    this.#started.delete(link);
    if (!this.#trackers.includes(link)) return;
    this.#lose(link.reason?.message ?? 'the connection was closed');
    void this.#arm();
  }

  /**
   * Writes should go where they cause no echo. What is read over a connection that does not track is never heard of, so
   * that while others do, it must not read.
   */
  suitability(link: RedisLink, kind: BatchKind): Suitability {
    if (this.#trackers.length === 0 || (this.mode === 'tracking' && kind === 'reads')) return 'will-do';
    if (this.#trackers.includes(link)) return 'good';
    return this.mode === 'tracking' ? 'will-do' : 'poor';
  }

  protected override async prove(): Promise<void> {
    const ear = this.#ear;
    if (ear === undefined) throw new Error('there is no subscriber');
    const timeoutMs = this.timeoutMs();
    const answers = await Promise.all(
      this.#trackers.map((link) => this.#check.isTracking(link, ear.clientId, timeoutMs)),
    );
    if (answers.includes(false)) throw new Error('the server has stopped telling of changes');
    await this.#subscriber.ping();
  }

  protected override heartbeatFailed(error: unknown): void {
    this.#lose(describeFault(error));
    void this.#arm();
  }

  protected override async close(): Promise<void> {
    this.#round++;
    this.#retry?.cancel();
    await Promise.all([this.#stopAllBut([]), this.#subscriber.close()]);
  }

  /** Asks first: a connection that has subscribed can do little else. */
  async #meet(link: RedisLink): Promise<Ear> {
    const timeoutMs = this.timeoutMs();
    const [clientId, runId] = await Promise.all([readClientId(link, timeoutMs), readRunId(link, timeoutMs)]);
    await listenOn(INVALIDATION_CHANNEL, link, timeoutMs);
    return { clientId, runId };
  }

  /** Does what is left to do, one thing after the other. */
  async #arm(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#retry?.cancel();
    try {
      for (let step = this.#nextStep(); step !== undefined; step = this.#nextStep()) await step();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isBusy = false;
    }
  }

  #nextStep(): (() => Promise<void>) | undefined {
    const ear = this.#ear;
    const links = this.#linksToTrack();
    const wanted = this.wantedPrefixes();
    if (ear === undefined || links.length === 0 || wanted.length === 0) return undefined;
    if (!this.#isArmed) return () => this.#begin(ear, links, coverOf(wanted));
    const newLinks = links.filter((link) => !this.#trackers.includes(link));
    if (newLinks.length > 0) return () => this.#addTrackers(ear, newLinks);
    if (!wanted.every((prefix) => covers(this.#cover, prefix))) return () => this.#addPrefixes(ear, wanted);
    this.#tellArmed();
    return undefined;
  }

  #linksToTrack(): readonly RedisLink[] {
    const ready = this.context.readyLinks();
    if (this.mode === 'tracking-reads') return ready;
    const one =
      ready.find((link) => this.#trackers.includes(link)) ?? ready.find((link) => !link.isOverdue) ?? ready[0];
    return one === undefined ? [] : [one];
  }

  async #begin(ear: Ear, links: readonly RedisLink[], cover: readonly string[]): Promise<void> {
    const round = this.#round;
    this.#trackers = links;
    this.#cover = cover;
    this.#check = new TrackingCheck();
    await Promise.all([this.#stopAllBut(links), this.#track(ear, links)]);
    if (round !== this.#round || !(await this.heartbeat.start())) return;
    if (!this.#firstPush.isProven) await this.#provoke();
    if (round !== this.#round) return;
    this.#isArmed = true;
    this.#attempts = 0;
  }

  async #addTrackers(ear: Ear, links: readonly RedisLink[]): Promise<void> {
    const round = this.#round;
    await this.#track(ear, links);
    if (round === this.#round) this.#trackers = [...this.#trackers, ...links];
  }

  async #addPrefixes(ear: Ear, wanted: readonly string[]): Promise<void> {
    const round = this.#round;
    const cover = coverOf([...this.#cover, ...wanted]);
    if (!this.#cover.every((prefix) => cover.includes(prefix))) {
      this.#lose('a wider prefix is watched from now on');
      return;
    }
    if (this.mode === 'tracking') {
      const prefixes = cover.filter((prefix) => !this.#cover.includes(prefix));
      await Promise.all(this.#trackers.map((link) => addTracking(link, ear.clientId, { prefixes }, this.timeoutMs())));
    }
    if (round === this.#round) this.#cover = cover;
  }

  /** Ids of connections are counted by each server, so that on another one somebody else may have the subscriber's. */
  async #track(ear: Ear, links: readonly RedisLink[]): Promise<void> {
    const timeoutMs = this.timeoutMs();
    const scope = this.mode === 'tracking' ? { prefixes: this.#cover } : 'reads';
    const round = this.#round;
    const track = async (link: RedisLink): Promise<void> => {
      const runId = await readRunId(link, timeoutMs);
      if (round !== this.#round) return;
      if (runId !== ear.runId) {
        const reason = 'the subscriber is connected to another server';
        this.#subscriber.replace(reason);
        throw new Error(reason);
      }
      this.#started.add(link);
      await startTracking(link, ear.clientId, scope, timeoutMs);
    };
    await Promise.all(links.map(track));
  }

  async #stopAllBut(links: readonly RedisLink[]): Promise<void> {
    const others = [...this.#started].filter((link) => !links.includes(link));
    for (const link of others) this.#started.delete(link);
    await Promise.all(others.map((link) => stopTracking(link, this.timeoutMs()).catch(() => undefined)));
  }

  async #provoke(): Promise<void> {
    const [link] = this.#trackers;
    const [prefix] = this.#cover;
    if (link === undefined || prefix === undefined) return;
    const round = this.#round;
    try {
      await this.#firstPush.provoke(link, prefix, () => this.#subscriber.ping(), this.timeoutMs());
    } catch (error) {
      // What was lost meanwhile cannot have kept its promise.
      if (round === this.#round || !(error instanceof UnkeptPromise)) throw error;
    }
  }

  #take(payload: unknown): void {
    if (payload === null) {
      if (!this.#isArmed) return;
      this.tell((member) => member.lost('a database was flushed'));
      this.#tellArmed();
    } else if (Array.isArray(payload)) {
      const redisKeys = payload.map(String).filter((key) => !this.#firstPush.take(key));
      this.tell((member) => member.changed(redisKeys));
    }
  }

  #tellArmed(): void {
    this.tell((member) => member.armed((prefix) => covers(this.#cover, prefix)));
  }

  #lose(reason: string): void {
    this.#disarm();
    this.tell((member) => member.lost(reason));
  }

  #fail(error: unknown): void {
    const { clock, random } = this.context.link;
    const reason = describeFault(error);
    if (!this.isUsed) return;
    this.#retry = clock.setTimer(() => void this.#arm(), retryDelayMs(++this.#attempts, random));
    if (error instanceof RedisReplyError && NO_SUBSCRIBER.test(error.reply)) this.#subscriber.replace(reason);
    if (isRefusal(error) || error instanceof UnkeptPromise) {
      this.#disarm();
      this.tell((member) => member.refused(reason));
    } else {
      this.#lose(reason);
    }
  }

  #disarm(): void {
    this.#round++;
    this.#isArmed = false;
    this.#trackers = [];
    this.heartbeat.stop();
  }
}
