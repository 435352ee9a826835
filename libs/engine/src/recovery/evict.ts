/** What is to be evicted: one key, what carries a tag, the keys that match a glob, or everything. */
export type Evict =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'pattern'; readonly glob: string }
  | { readonly kind: 'clear' };
