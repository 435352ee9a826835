import { isObservable, lastValueFrom } from 'rxjs';
import type { DecoratedMethod } from './decorated-method.js';
import { UncacheableReturnError } from './uncacheable-return.error.js';

/** One call of a decorated method. */
export class MethodCall {
  constructor(
    readonly method: DecoratedMethod,
    readonly instance: object,
    readonly args: unknown[],
  ) {}

  /**
   * Runs the method itself. Of an Observable the result is the last value; `undefined` when it completes without one.
   *
   * @throws what the method throws; UncacheableReturnError when it returns neither a Promise nor a declared Observable
   */
  async proceed(): Promise<unknown> {
    const returned = this.method.original.apply(this.instance, this.args);
    if (isObservable(returned)) {
      if (this.method.returnKind !== 'observable') throw new UncacheableReturnError(this.method.label, 'observable');
      return lastValueFrom(returned, { defaultValue: undefined });
    }
    if (!isPromiseLike(returned)) throw new UncacheableReturnError(this.method.label, 'synchronous');
    return returned;
  }
}

function isPromiseLike(given: unknown): given is PromiseLike<unknown> {
  return typeof (given as PromiseLike<unknown> | undefined | null)?.then === 'function';
}
