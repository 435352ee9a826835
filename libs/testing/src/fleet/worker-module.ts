import type { CallArgs, CallName, CallResult } from './call-line.js';

/** What a worker is given by the test that started it. */
export interface WorkerContext<Data = undefined, Answers extends object = object> {
  /** As the test calls it: `worker-0` for the first one of a fleet. */
  readonly name: string;
  /** What the test has for this worker. */
  readonly data: Data;

  /** Calls a function that the test answers with, in the process of the test. */
  readonly ask: <Name extends CallName<Answers>>(
    name: Name,
    ...args: CallArgs<Answers, Name>
  ) => Promise<CallResult<Answers, Name>>;

  /**
   * Runs when the test calls `terminate()` (SIGTERM). Afterwards the worker ends by itself, as soon as nothing of its own
   * (a timer, a socket) keeps it; without a handler SIGTERM ends it on the spot.
   */
  readonly onTerminate: (handler: () => void | Promise<void>) => void;
}

/** The default export of a worker's module: makes the functions that a test can call. */
export type WorkerFactory<Calls extends object, Data = undefined, Answers extends object = object> = (
  context: WorkerContext<Data, Answers>,
) => Calls | Promise<Calls>;

/**
 * Declares what a worker does; the default export of its module.
 *
 * What the functions take and give goes through `structuredClone`: Dates, Maps, bigints and bytes arrive as such, of an
 * instance of a class only its fields, functions not at all. What they throw arrives as a `RemoteError`. An error or
 * rejection that nobody handles ends the worker, which fails the calls that wait for it and the fleet.
 *
 * @example
 * export default defineWorker(({ data }: WorkerContext<{ url: string }>) => {
 *   const redis = new Redis(data.url);
 *   return { get: (key: string) => redis.get(key) };
 * });
 */
export function defineWorker<Calls extends object, Data = undefined, Answers extends object = object>(
  factory: WorkerFactory<Calls, Data, Answers>,
): WorkerFactory<Calls, Data, Answers> {
  return factory;
}

/** The functions of a worker, of its module's default export: `CallsOf<typeof worker>`. */
export type CallsOf<Factory> = Factory extends (context: never) => infer Calls ? Awaited<Calls> : never;
