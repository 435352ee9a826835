import type { ValueMode } from '../options/cache-options.js';
import { copyValue } from '../values/copy-value.js';
import { freezeValue } from '../values/freeze-value.js';
import type { TypeRegistry } from '../values/type-registry.js';

/** A value as memory keeps it. */
export interface KeptValue {
  readonly value: unknown;
  /** Each caller gets a copy: the value can be changed by who holds it. */
  readonly isCopiedOnRead: boolean;
}

/** Sees to it that no caller can change what other callers read; see {@link ValueMode}. */
export class ValueKeeper {
  constructor(
    private readonly mode: ValueMode,
    private readonly types: TypeRegistry,
  ) {}

  /**
   * Takes in a value that somebody else may hold: a loader's result, an argument of `set`.
   *
   * @throws UnsupportedValueError when it cannot be copied (never in the mode `shared`)
   */
  keepForeign(value: unknown): KeptValue {
    const own = this.mode === 'shared' ? value : copyValue(value, this.types);
    return { value: own, isCopiedOnRead: this.guardOwn(own) };
  }

  /** Takes in a value that nobody else holds, such as one that was just decoded; see {@link KeptValue.isCopiedOnRead}. */
  guardOwn(value: unknown): boolean {
    if (this.mode === 'shared') return false;
    if (this.mode === 'cloned') return typeof value === 'object' && value !== null;
    return freezeValue(value) === 'mutable';
  }

  /** What a caller gets of a kept value. `isOwner`: nobody else will get the kept object itself. */
  present(kept: KeptValue, isOwner = false): unknown {
    return kept.isCopiedOnRead && !isOwner ? copyValue(kept.value, this.types) : kept.value;
  }
}
