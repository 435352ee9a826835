import type { Coherence } from '../coherence/coherence.js';
import type { CacheEvents } from './cache-events.js';

/** Tells when memory becomes coherent with other processes, once, and each time that it is not. */
export function tellCoherence(coherence: Coherence, cache: string, events: CacheEvents): void {
  let wasArmed = false;
  coherence.listen(({ isArmed, reason }) => {
    // Further prefixes arm one by one; every loss says something new.
    if (isArmed && wasArmed) return;
    wasArmed = isArmed;
    const state = isArmed ? 'armed' : 'lost';
    events.emit({ type: 'coherence', cache, state, mode: coherence.mode, ...(reason === undefined ? {} : { reason }) });
  });
}
