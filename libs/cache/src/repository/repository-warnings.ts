import { inspect } from 'node:util';
import { Logger } from '@nestjs/common';

/** Tells what keeps a repository from being cached as declared, each thing once. */
export class RepositoryWarnings {
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  constructor(repository: string) {
    this.#logger = new Logger(`CachedRepository ${repository}`);
  }

  /** @param problem what happened and what was done about it; the same text is told once */
  tell(problem: string, cause?: unknown): void {
    if (this.#told.has(problem)) return;
    this.#told.add(problem);
    if (cause === undefined) this.#logger.warn(problem);
    else this.#logger.warn(problem, { cause: inspect(cause) });
  }

  /** What `compute` gives; `undefined` when it throws, which is told. */
  attempt<T>(problem: string, compute: () => T): T | undefined {
    try {
      return compute();
    } catch (error) {
      this.tell(problem, error);
      return undefined;
    }
  }
}
