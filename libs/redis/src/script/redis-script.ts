/** A Lua script with named keys and arguments; make one with {@link defineScript}. */
export interface RedisScript<Key extends string, Arg extends string, Reply> {
  /** For errors and traces, in kebab case. */
  readonly name: string;
  /** Names of `KEYS[1]`, `KEYS[2]`, …; in a cluster all must live in one slot. */
  readonly keys: readonly Key[];
  /** Names of `ARGV[1]`, `ARGV[2]`, … */
  readonly args: readonly Arg[];
  readonly lua: string;
  /** SHA-1 of `lua` in hex, as `EVALSHA` takes it. */
  readonly sha1: string;
  /** Checks the raw reply and gives it its type; bulk strings come as `Buffer`. */
  readonly parse: (reply: unknown) => Reply;
}
