import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Gate } from '@nest-strata/testing';
import type { ChaosRedisPort, RedisCall } from '@nest-strata/testing';

/** Where an actor stops, and how far one step takes it. */
export interface SteppedActorOptions {
  /** `trip`: all calls that were made at once are sent by one step, as over one connection; `call`: each by its own. */
  readonly grain: 'trip' | 'call';
  /** The calls before which it stops; all by default. */
  readonly stopsAt?: (call: RedisCall) => boolean;
  /** Whether it stops, too, when the replies to such calls are there; `true` by default. */
  readonly stopsAtReplies?: boolean;
  /** Whether the first step only brings it to where it stops first; `false` by default: it goes on from there. */
  readonly beginsApart?: boolean;
  /** Whether it may have to wait for somebody else, or go on in the background; `false` by default. */
  readonly mayIdle?: boolean;
}

/** So many turns of the event loop after which who does nothing is waiting for somebody else. */
const IDLE_TURNS = 3;

const begun = new AsyncLocalStorage<object>();

/**
 * Something that is done step by step, each when the test says so: up to its next call to Redis, up to the reply, up to
 * where it {@link halt}s. What else is done over the same port meanwhile is not stopped.
 */
export class SteppedActor<Result = unknown> {
  readonly #act: () => Promise<Result>;
  readonly #options: Required<SteppedActorOptions>;
  readonly #gates: { readonly calls: Gate<RedisCall>; readonly replies: Gate<RedisCall> };
  readonly #halts = new Gate();
  #sentCount = 0;
  #answeredCount = 0;
  #result: Promise<PromiseSettledResult<Result>> | undefined;
  #isDone = false;

  /** @param gates those of its port; see {@link actorGates} */
  constructor(gates: ActorGates, options: SteppedActorOptions, act: () => Promise<Result>) {
    this.#act = act;
    this.#options = { stopsAt: () => true, stopsAtReplies: true, beginsApart: false, mayIdle: false, ...options };
    this.#gates = gates;
    gates.owner = this;
  }

  /** Whether its promise is settled; it may go on in the background. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Whether it has stopped before a call of this name. */
  isBefore(name: string): boolean {
    return this.#gates.calls.waiting.some((call) => call.name === name);
  }

  /** @internal Whether a call is to be stopped. */
  isStopped(call: RedisCall, when: 'call' | 'reply'): boolean {
    const { stopsAt, stopsAtReplies } = this.#options;
    return begun.getStore() === this && stopsAt(call) && (when === 'call' || stopsAtReplies);
  }

  /** A place in what it does where it stops. */
  halt(): Promise<void> {
    return this.#halts.pass();
  }

  /** Lets it go on to where it stops next; the first step begins. Returns `false` when there was nothing to go on with. */
  async step(): Promise<boolean> {
    const isFirst = this.#result === undefined;
    if (isFirst) this.#begin();
    await this.#stopped();
    if (isFirst && this.#options.beginsApart) return true;
    const { calls, replies } = this.#gates;
    const isStopped = this.#isStopped;
    if (calls.waiting.length > 0) this.#send(this.#options.grain === 'call' ? 1 : calls.waiting.length);
    else if (replies.waiting.length > 0) this.#answer();
    else if (isStopped) this.#halts.release();
    if (isStopped) await this.#stopped();
    return isStopped;
  }

  /** Steps until it does nothing any more. */
  async finish(): Promise<void> {
    while (await this.step());
  }

  /** What came of it; after {@link finish}. */
  async result(): Promise<PromiseSettledResult<Result>> {
    if (this.#result === undefined) throw new Error('It has not begun. Call step first.');
    return this.#result;
  }

  #begin(): void {
    const acting = begun.run(this, this.#act);
    this.#result = Promise.allSettled([acting]).then(([result]) => {
      this.#isDone = true;
      return result;
    });
  }

  #send(count: number): void {
    for (let sent = 0; sent < count; sent++) this.#gates.calls.release();
    if (this.#options.stopsAtReplies) this.#sentCount += count;
  }

  #answer(): void {
    const { replies } = this.#gates;
    for (let left = replies.waiting.length; left > 0; left--) {
      replies.release();
      this.#answeredCount++;
    }
  }

  /** Resolves when it has stopped: at a call or reply, at a halt, at its end, or waiting for somebody else. */
  async #stopped(): Promise<void> {
    for (let idleTurns = 0; idleTurns < IDLE_TURNS;) {
      await nextTurn();
      const isOnItsWay = this.#sentCount > this.#answeredCount + this.#gates.replies.waiting.length;
      const mayEnd = this.#isStopped || this.#isDone || this.#options.mayIdle;
      if (mayEnd && !isOnItsWay) idleTurns += this.#isStopped ? IDLE_TURNS - 1 : 1;
    }
  }

  get #isStopped(): boolean {
    const { calls, replies } = this.#gates;
    return calls.waiting.length + replies.waiting.length + this.#halts.waiting.length > 0;
  }
}

/** Where the actors of a port stop, one after the other. */
export interface ActorGates {
  readonly calls: Gate<RedisCall>;
  readonly replies: Gate<RedisCall>;
  /** The actor that is stopped now. */
  owner: SteppedActor | undefined;
}

/** Gates for a port whose calls are left alone but for those of the latest actor. */
export function actorGates(port: ChaosRedisPort): ActorGates {
  const gates: ActorGates = {
    calls: port.gateCalls((call) => gates.owner?.isStopped(call, 'call') === true),
    replies: port.gateReplies((call) => gates.owner?.isStopped(call, 'reply') === true),
    owner: undefined,
  };
  return gates;
}
