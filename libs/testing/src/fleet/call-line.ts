import { RemoteError } from './remote.error.js';
import type { SentError } from './remote.error.js';

/** What goes through the pipe between a test and a worker, both ways. */
export type LineMessage =
  | { readonly kind: 'call'; readonly id: number; readonly name: string; readonly args: readonly unknown[] }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: SentError };

/** The names of the functions of an object. */
export type CallName<Calls> = {
  [Name in keyof Calls]: Calls[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Calls] &
  string;

/** What the function `Name` takes. */
export type CallArgs<Calls, Name extends keyof Calls> = Calls[Name] extends (...args: infer Args) => unknown
  ? Args
  : never;

/** What the function `Name` gives, awaited. */
export type CallResult<Calls, Name extends keyof Calls> = Calls[Name] extends (...args: never[]) => infer Result
  ? Awaited<Result>
  : never;

interface PendingCall {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** One end of a line over which both sides call functions of the other. */
export class CallLine {
  readonly #send: (message: LineMessage) => void;
  readonly #functions: object;
  readonly #pending = new Map<number, PendingCall>();
  #callCount = 0;

  /** `functions` has what the other side may call; what they take and give is cloned by the structured algorithm. */
  constructor(send: (message: LineMessage) => void, functions: object) {
    this.#send = send;
    this.#functions = functions;
  }

  /** How many calls of the other side's functions have not been answered. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  call(name: string, args: readonly unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const id = this.#callCount++;
      this.#pending.set(id, { resolve, reject });
      this.#send({ kind: 'call', id, name, args });
    });
  }

  receive(message: LineMessage): void {
    if (message.kind === 'call') {
      void this.#answer(message.id, message.name, message.args);
      return;
    }
    const call = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.kind === 'result') call?.resolve(message.value);
    else call?.reject(new RemoteError(message.error));
  }

  /** Rejects what waits for an answer that cannot come any more. */
  fail(error: unknown): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }

  async #answer(id: number, name: string, args: readonly unknown[]): Promise<void> {
    try {
      this.#send({ kind: 'result', id, value: await this.#invoke(name, args) });
    } catch (error) {
      this.#send({ kind: 'failure', id, error: RemoteError.describe(error) });
    }
  }

  #invoke(name: string, args: readonly unknown[]): unknown {
    const functions = this.#functions as Record<string, unknown>;
    const called = functions[name];
    if (typeof called !== 'function') throw new TypeError(`There is no function "${name}" to call on the other side.`);
    return called.apply(functions, args) as unknown;
  }
}
