import type { KeyAnnouncement } from '@nest-strata/redis';

/**
 * The Lua function `announce(keys)`, for scripts whose last two arguments are the channel and the source of a
 * `KeyAnnouncement`: publishes the names of keys that changed, unless the channel is empty because Redis tells itself.
 */
export const ANNOUNCE = String.raw`
local function announce(...)
  local channel, source = ARGV[#ARGV - 1], ARGV[#ARGV]
  if channel ~= '' then redis.call('PUBLISH', channel, table.concat({ source, ... }, '\n')) end
end
`;

/** The last two arguments of such a script. */
export function announcementArgs(announcement: KeyAnnouncement | undefined): { channel: string; source: string } {
  return { channel: announcement?.channel ?? '', source: announcement?.source ?? '' };
}
