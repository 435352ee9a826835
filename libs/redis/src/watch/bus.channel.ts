import { describeFault } from '../errors/redis-fault.js';
import { parseBusMessage } from './bus-message.js';
import { KeyChannel, type KeyChannelContext } from './key-channel.js';
import type { KeyAnnouncement } from './key-watch.port.js';
import { listenOn, SubscriberLink } from './subscriber-link.js';

/** Hears what those who change keys publish. */
export class BusChannel extends KeyChannel {
  readonly #announcement: KeyAnnouncement;
  readonly #subscriber: SubscriberLink;
  #isArmed = false;

  constructor(context: KeyChannelContext, announcement: KeyAnnouncement) {
    super(context, () => undefined);
    this.#announcement = announcement;
    this.#subscriber = new SubscriberLink(context.link, {
      role: 'watch',
      timeoutMs: () => this.timeoutMs(),
      begin: (link) => listenOn(announcement.channel, link, this.timeoutMs()),
      begun: () => void this.#arm(),
      message: (payload) => this.#take(payload),
      lost: (reason) => this.#lose(reason),
      refused: (reason) => this.tell((member) => member.refused(reason)),
    });
  }

  override update(): void {
    this.#subscriber.open();
    queueMicrotask(() => {
      if (this.#isArmed) this.#tellArmed();
    });
  }

  protected override prove(): Promise<void> {
    return this.#subscriber.ping();
  }

  protected override heartbeatFailed(error: unknown): void {
    this.#lose(describeFault(error));
  }

  protected override close(): Promise<void> {
    return this.#subscriber.close();
  }

  async #arm(): Promise<void> {
    try {
      if (!(await this.heartbeat.start())) return;
      this.#isArmed = true;
      this.#tellArmed();
    } catch (error) {
      this.#lose(describeFault(error));
    }
  }

  #tellArmed(): void {
    this.tell((member) => member.armed(() => true));
  }

  #take(payload: unknown): void {
    const message = parseBusMessage(payload);
    if (message === undefined) {
      if (!this.#isArmed) return;
      this.tell((member) => member.lost('a message that cannot be read came over the bus'));
      this.#tellArmed();
    } else if (message.source !== this.#announcement.source) {
      this.tell((member) => member.changed(message.redisKeys));
    }
  }

  #lose(reason: string): void {
    this.#isArmed = false;
    this.heartbeat.stop();
    this.tell((member) => member.lost(reason));
  }
}
