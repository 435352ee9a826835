/** What is known of a key, without loading it. */
export type Lookup<T> =
  | {
      readonly hit: true;
      readonly value: T;
      readonly stale: false;
      /** The tier that answered. */
      readonly tier: string;
      readonly ageMs: number;
      /** How long the value stays fresh; `Infinity` for an entry without an end. */
      readonly ttlMs: number;
    }
  | {
      readonly hit: false;
      /** A copy that was expired by hand, kept for the case that the loader fails. */
      readonly stale: true;
      readonly value: T;
      readonly tier: string;
      readonly ageMs: number;
      readonly ttlMs: 0;
    }
  | { readonly hit: false; readonly stale: false; readonly value: undefined };
