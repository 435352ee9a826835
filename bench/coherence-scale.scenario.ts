import { Rig } from './coherence-scale/rig.js';
import { fleetSize } from './coherence-scale/sections/fleet-size.js';
import { heldKeys, rereading } from './coherence-scale/sections/held-keys.js';
import { listeningProcess } from './coherence-scale/sections/listening-process.js';
import { hundreds, numberOfPrefixes, prefixPerCache } from './coherence-scale/sections/prefixes.js';
import { trackedReads } from './coherence-scale/sections/tracked-reads.js';
import { heartbeats, loads, trackingVariants } from './coherence-scale/sections/variants.js';

const DEFAULT_ROUNDS = 2;
/** Several times what a round takes: it ends by itself, whatever hangs. */
const ROUND_WITHIN_MS = 120_000;

const SECTIONS = [
  fleetSize,
  heldKeys,
  rereading,
  prefixPerCache,
  hundreds,
  numberOfPrefixes,
  trackingVariants,
  loads,
  heartbeats,
  trackedReads,
  listeningProcess,
];

/**
 * What it costs to keep the memory of many processes coherent: the server for each write, the processes for each message.
 *
 * Two minutes or so. `ROUNDS=9` in the environment takes four times as long and is less at the mercy of the machine.
 */
export async function coherenceScale(): Promise<void> {
  const rounds = Number(process.env['ROUNDS'] ?? DEFAULT_ROUNDS);
  const limit = setTimeout(() => {
    throw new Error('The benchmark hangs.');
  }, rounds * ROUND_WITHIN_MS);
  try {
    await using rig = await Rig.start();
    for (const section of SECTIONS) await section(rig, rounds);
  } finally {
    clearTimeout(limit);
  }
}
