import type { Authority } from '../authority/authority.port.js';
import type { KnownVersions } from '../coherence/known-versions.js';
import type { LocalChanges } from '../memory/local-changes.js';
import type { Evict, KeyEvict } from './evict.js';

/** Evicts from the authority what it did not confirm before. */
export async function repeatEvict(evict: Evict, authority: Authority): Promise<void> {
  if (evict.kind === 'key') await repeatKey(evict, authority);
  else if (evict.kind === 'tag') await authority.invalidateTags([evict.tag]);
  else if (evict.kind === 'pattern') await authority.deleteMatching(evict.glob);
  else await authority.clear();
}

/** What was read before an evict was confirmed is outdated, versions included: not everybody is told of own changes. */
export function forgetLocally(evict: Evict, changes: LocalChanges, versions: KnownVersions): void {
  if (evict.kind === 'key') {
    changes.changeKey(evict.key);
  } else if (evict.kind === 'tag') {
    changes.invalidateTags([evict.tag]);
    versions.forgetTag(evict.tag);
  } else if (evict.kind === 'pattern') {
    changes.changeAllKeys();
  } else {
    changes.invalidateAll();
    versions.forgetClear();
  }
}

/** The floor comes last, as it would go with what is deleted. */
async function repeatKey({ key, floor }: KeyEvict, authority: Authority): Promise<void> {
  if (floor?.sparesHigher !== true) await authority.delete([key]);
  if (floor !== undefined) await authority.deleteVersion(key, floor.version, floor.forMs);
}
