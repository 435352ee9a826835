import type { TakenVersions } from '../tags/tag-records.js';
import type { WriteTicket } from './authority.port.js';

/** The versions that an entry is to carry, taken before it was made, and the lease of its load. */
export interface RedisTicket extends WriteTicket {
  readonly versions: TakenVersions;
  /** How long the records were made to outlive. */
  readonly lifeMs: number;
  /** The server's time before the load, as versions are written; `undefined`: no tags can be derived from the value. */
  readonly takenAt: string | undefined;
  readonly lease: { readonly token: string; readonly seen: Buffer } | undefined;
}
