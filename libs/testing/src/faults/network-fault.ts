/** What a network does with what it is given to carry. */
export type NetworkFault =
  | { readonly kind: 'none' }
  | { readonly kind: 'blackhole' }
  /** Replies come that much later. */
  | { readonly kind: 'delay'; readonly delayMs: number };
