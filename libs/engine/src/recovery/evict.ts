/** What is to be evicted: one key, what carries a tag, the keys that match a glob, or everything. */
export type Evict =
  | KeyEvict
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'pattern'; readonly glob: string }
  | { readonly kind: 'clear' };

/** One key; with a floor, lower versions are to be kept out afterwards. */
export interface KeyEvict {
  readonly kind: 'key';
  readonly key: string;
  readonly floor?: VersionFloor;
}

/** The version at the source that was deleted, as `encodeSourceVersion` has it. */
export interface VersionFloor {
  readonly version: string;
  /** How long lower ones are kept out. */
  readonly forMs: number;
  /** Whether a copy with a higher version stays. */
  readonly sparesHigher: boolean;
}
