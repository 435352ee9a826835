import type { KeyWatch, RedisPort } from '@nest-strata/redis';

/** Knows when a process has been told of everything that was changed in Redis before. */
export class ToldSoFar {
  readonly #prefix: string;
  readonly #writer: RedisPort;
  readonly #watch: KeyWatch;
  #heard: (redisKey: string) => void = () => undefined;
  #count = 0;

  /**
   * @param listener the port of the process, as its cache has it: all watches of a port are told in one order
   * @param writer another port
   */
  constructor(listener: RedisPort, writer: RedisPort, name: string) {
    this.#prefix = `told so far: ${name}:`;
    this.#writer = writer;
    const ignore = (): void => undefined;
    this.#watch = listener.watch(
      { mode: 'tracking', channel: this.#prefix, heartbeatMs: 300 },
      { changed: (redisKeys) => redisKeys.forEach((key) => this.#heard(key)), armed: ignore, lost: ignore },
    );
    this.#watch.follow([this.#prefix]);
  }

  /** Resolves when the process has been told. Not to be called again before. */
  async wait(): Promise<void> {
    const redisKey = `${this.#prefix}${String(this.#count++)}`;
    const heard = new Promise<void>((resolve) => {
      this.#heard = (heardKey) => {
        if (heardKey === redisKey) resolve();
      };
    });
    await this.#writer.send('SET', [redisKey, '', 'PX', 100]);
    await heard;
  }

  close(): Promise<void> {
    return this.#watch.close();
  }
}
