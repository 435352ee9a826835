import type { RedisArgument } from '@nest-strata/redis';

/** A call of a `RedisPort`, as hooks and gates see it. */
export interface RedisCall {
  /** The method. */
  readonly kind: 'read' | 'send' | 'run' | 'scan';
  /** `MGET` for a read, the command in capitals, the name of the script, `SCAN`. */
  readonly name: string;
  /** Those of a read or a script; none for a command, which has them among its {@link args}. */
  readonly keys: readonly string[];
  /** Those of a command or a script; the pattern of a scan. */
  readonly args: readonly RedisArgument[];
}
