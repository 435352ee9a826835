import type { FleetSetup } from './fleet-setup.js';
import { HelperProcess } from './helper-process.js';

export type ReceiverQuestion = { readonly open: FleetSetup } | 'close';

/** What the process heard, and the time that it ran for that. */
export interface ReceiverAnswer {
  readonly messages: number;
  readonly keys: number;
  readonly cpuUs: number;
}

/** A Node process that listens to a server through ioredis and whose processor time is measured. */
export class Receiver implements Disposable {
  readonly #process: HelperProcess<ReceiverQuestion, ReceiverAnswer>;

  constructor(port: number) {
    this.#process = new HelperProcess(new URL('./receiver.process.ts', import.meta.url), [String(port)]);
  }

  /** Resolves once it listens; its time counts from then on. */
  async open(setup: FleetSetup): Promise<void> {
    await this.#process.ask({ open: setup });
  }

  /** What it heard and used until all has come. */
  close(): Promise<ReceiverAnswer> {
    return this.#process.ask('close');
  }

  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]();
  }
}
