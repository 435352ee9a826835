import type { HistoryEvent, HistoryOperation } from './history-event.js';

/** What an operation's result adds to its event. */
export type HistoryDetails = Pick<HistoryEvent, 'version' | 'tier' | 'stale' | 'outcome'>;

/** What is known of an operation before it is done. */
export interface HistorySubject extends Pick<HistoryEvent, 'version' | 'session' | 'outcome'> {
  readonly op: HistoryOperation;
  readonly key: string;
}

/** Writes down what one process does, with the times. */
export class HistoryRecorder {
  readonly #process: string;
  #events: HistoryEvent[] = [];

  /** `process` names it in the events. */
  constructor(process: string) {
    this.#process = process;
  }

  /**
   * Does something, and records it once it is done, with what `detailsOf` takes from its result. What rejects is not
   * recorded: nobody was told anything.
   */
  async record<Result>(
    subject: HistorySubject,
    act: () => Result | Promise<Result>,
    detailsOf: (result: Result) => HistoryDetails = () => ({}),
  ): Promise<Result> {
    const startNs = process.hrtime.bigint();
    const result = await act();
    const endNs = process.hrtime.bigint();
    this.#events.push({ ...subject, ...detailsOf(result), process: this.#process, startNs, endNs });
    return result;
  }

  /** The events so far, in the order of their ends; the next call gives those after them. */
  take(): HistoryEvent[] {
    return this.#events.splice(0);
  }
}
