import type { LoadContext } from '@nest-strata/engine';
import { Gate } from '@nest-strata/testing';

/** A loader that counts its runs, each of which waits for the test before it ends. */
export class GatedLoader<T> {
  /** Where the runs wait; a run that is failed there fails. */
  readonly gate = new Gate<LoadContext>();
  runs = 0;
  /** The context of the latest run. */
  context: LoadContext | undefined;

  constructor(private readonly value: T) {}

  readonly load = async (context: LoadContext): Promise<T> => {
    this.runs++;
    this.context = context;
    await this.gate.pass(context);
    return this.value;
  };

  /** Resolves once a run waits. */
  async began(): Promise<void> {
    await this.gate.arrival();
  }

  /** Lets all runs end, those to come too. */
  end(): void {
    this.gate.open();
  }
}
