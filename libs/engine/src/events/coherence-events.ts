import type { Coherence } from '../coherence/coherence.js';
import type { CacheEvents } from './cache-events.js';

/** Tells when memory becomes coherent with other processes and when it no longer is, once per change. */
export function tellCoherence(coherence: Coherence, cache: string, events: CacheEvents): void {
  let wasArmed = false;
  coherence.listen(({ isArmed, reason }) => {
    if (isArmed === wasArmed) return;
    wasArmed = isArmed;
    const state = isArmed ? 'armed' : 'lost';
    events.emit({ type: 'coherence', cache, state, mode: coherence.mode, ...(reason === undefined ? {} : { reason }) });
  });
}
