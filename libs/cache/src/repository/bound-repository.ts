import type { BehindWrites, SaveEntity } from './behind-writes.js';
import type { CachedRepository } from './cached-repository.js';
import { isWithin, runWithin } from './calls-within.js';
import { UncacheableRepositoryError } from './errors/uncacheable-repository.error.js';
import type { WriteKind } from './conventional-methods.js';
import type { EntityId } from './key-part.js';
import type { PlainWrites } from './plain-writes.js';
import { methodRoutes } from './read-routes.js';
import type { Question, ReadRoute } from './read-routes.js';
import type { RepositoryAdapter } from './repository-adapter.port.js';
import type { RepositoryMethods } from './repository-methods.js';
import { wrapMethod } from './wrap-method.js';
import type { MethodHandler } from './wrap-method.js';

/** The method that `write: 'behind'` is about. */
const SAVE = 'save';

/** What stands between a repository and its callers. */
export interface BoundRepositoryParts<E extends object, Id extends EntityId> {
  /** For messages. */
  readonly label: string;
  readonly cached: CachedRepository<E, Id>;
  readonly methods: RepositoryMethods<E, Id>;
  readonly writes: PlainWrites<E, Id>;
  readonly adapter: RepositoryAdapter<E, Id> | undefined;
  /** What writes behind by the repository's own `save`, which is that of the first object; absent: nothing does. */
  readonly writeBehind?: ((save: SaveEntity<E>) => BehindWrites<E, Id>) | undefined;
}

/** Calls the method itself; what it then calls of its own repository is not cached. */
type Proceed = (otherArgs?: readonly unknown[]) => unknown;

/** Leads the calls of one object through the cache, until it is released. */
export class BoundRepository<E extends object, Id extends EntityId> {
  readonly #undo: (() => void)[] = [];

  /** @throws UncacheableRepositoryError when the object does not let its methods be replaced */
  constructor(
    private readonly repository: object,
    private readonly parts: BoundRepositoryParts<E, Id>,
  ) {
    try {
      this.#bindReads();
      this.#bindWrites();
    } catch (error) {
      this.release();
      const problem = 'its methods cannot be replaced. Is the object frozen?';
      throw new UncacheableRepositoryError(parts.label, problem, { cause: error });
    }
  }

  /** Gives the object its own methods back. */
  release(): void {
    for (const undo of this.#undo.splice(0).reverse()) undo();
  }

  #bindReads(): void {
    const { cached, methods, adapter } = this.parts;
    const routes = new Map<string, ReadRoute<Id>>([
      ...(adapter?.finderRoutes(methods) ?? []),
      ...methodRoutes(methods),
    ]);
    for (const [method, route] of routes) {
      this.#wrap(method, (args, proceed) => {
        if (isWithin(cached) || adapter?.isInTransaction() === true) return proceed();
        const question = route(withoutTrailingUndefined(args));
        return question === undefined ? proceed() : this.#answer(question, proceed);
      });
    }
  }

  #answer(question: Question<Id>, proceed: Proceed): Promise<unknown> {
    const { reader } = this.parts.cached;
    const one = async (): Promise<E | null | undefined> => (await proceed()) as E | null | undefined;
    const list = async (args?: readonly unknown[]): Promise<E[]> => (await proceed(args)) as E[];
    switch (question.by) {
      case 'id':
        return reader.findById(question.id, one);
      case 'ids':
        return reader.findByIds(question.ids, (ids) => list(question.argumentsFor(ids)));
      case 'unique':
        return reader.findByIndex(question.index, question.key, one);
      case 'list':
        return reader.findList(question.index, question.key, list);
      case 'all':
        return reader.findAll(list);
    }
  }

  #bindWrites(): void {
    const { methods, writes } = this.parts;
    const behind = this.#behind();
    for (const [method, written] of methods.declaredWrites) {
      this.#wrap(method, (args, proceed) => {
        const writeNow = () => writes.byDeclaration(written, args, proceed);
        return behind ? behind.byDeclaration(written, args, writeNow) : writeNow();
      });
    }
    for (const [method, kind] of methods.conventionalWrites) {
      this.#bindConventional(method, kind, behind);
    }
  }

  /** Made before the methods are replaced, as it saves by the repository's own. */
  #behind(): BehindWrites<E, Id> | undefined {
    const { cached, writeBehind } = this.parts;
    const own = (this.repository as Record<string, SaveEntity<E>>)[SAVE];
    return own && writeBehind?.((entity) => runWithin(cached, () => own.call(this.repository, entity)));
  }

  #bindConventional(method: string, kind: WriteKind, behind: BehindWrites<E, Id> | undefined): void {
    const { writes, adapter } = this.parts;
    this.#wrap(method, (args, proceed) => {
      const write = () => (adapter ? proceed() : writes.byConvention(kind, args, proceed));
      if (behind === undefined) return write();
      const writeNow = () => behind.byConvention({ method, kind }, args, write);
      return method === SAVE && adapter?.isInTransaction() !== true ? behind.write(args, writeNow) : writeNow();
    });
  }

  /** Methods that the object does not have, but a strategy may name, are left out. */
  #wrap(method: string, handler: (args: readonly unknown[], proceed: Proceed) => unknown): void {
    if (typeof (this.repository as Record<string, unknown>)[method] !== 'function') return;
    const withinHandler: MethodHandler = (args, proceed) =>
      handler(args, (otherArgs) => runWithin(this.parts.cached, () => proceed(otherArgs)));
    this.#undo.push(wrapMethod(this.repository, method, withinHandler));
  }
}

function withoutTrailingUndefined(args: readonly unknown[]): readonly unknown[] {
  return args.slice(0, args.findLastIndex((arg) => arg !== undefined) + 1);
}
