/** What the test tells a worker when it starts. */
interface WorkerStart {
  readonly name: string;
  readonly data: unknown;
  readonly wallClockOffsetMs: number;
}

/** What every worker can do, whatever its module gives. */
export interface WorkerControl {
  /** Loads the worker's module; resolves once its functions are there. */
  start(start: WorkerStart): Promise<void>;
  setWallClockOffset(offsetMs: number): void;
  blockEventLoop(forMs: number): void;
  call(name: string, args: readonly unknown[]): unknown;
}
