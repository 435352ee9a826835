/** Which way bytes go: `requests` to the server, `replies` (and what it pushes) to the client. */
export type TrafficDirection = 'requests' | 'replies';

/** What a network does with what it is given to carry. */
export type NetworkFault =
  | { readonly kind: 'none' }
  /** What goes one of these ways never arrives. */
  | { readonly kind: 'lose'; readonly directions: readonly TrafficDirection[] }
  /** What goes this way arrives that much later. */
  | { readonly kind: 'delay'; readonly direction: TrafficDirection; readonly delayMs: number }
  /** What goes this way waits; `onHeld` is told of each piece. */
  | { readonly kind: 'hold'; readonly direction: TrafficDirection; readonly onHeld: (bytes: Buffer) => void };
