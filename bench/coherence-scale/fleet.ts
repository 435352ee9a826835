import type { FleetSetup } from './fleet-setup.js';
import { HelperProcess } from './helper-process.js';
import type { Pushes } from './push-counter.js';

export type FleetQuestion = { readonly open: FleetSetup } | 'close';

/** What all clients of a fleet were told together. */
export interface FleetAnswer extends Readonly<Pushes> {
  readonly rereads: number;
}

/** The processes that listen to a server. */
export class Fleet implements Disposable {
  readonly #process: HelperProcess<FleetQuestion, FleetAnswer>;

  constructor(port: number) {
    this.#process = new HelperProcess(new URL('./fleet.process.ts', import.meta.url), [String(port)]);
  }

  /** Resolves once all clients listen and have read what they hold. */
  async open(setup: FleetSetup): Promise<void> {
    await this.#process.ask({ open: setup });
  }

  /** Ends the clients once they have heard everything. */
  close(): Promise<FleetAnswer> {
    return this.#process.ask('close');
  }

  [Symbol.dispose](): void {
    this.#process[Symbol.dispose]();
  }
}
