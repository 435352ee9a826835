/** The version of a tag record at a moment of the server's time. */
export interface EnsuredVersion {
  /** 16 hex digits. */
  readonly version: string;
  /** The server's time when it answered, in µs, as 16 hex digits: comparable with versions. */
  readonly askedAt: string;
  readonly isNew: boolean;
}

/** A version as it is written: 16 lower-case hex digits. */
function toVersion(timeUs: number): string {
  return timeUs.toString(16).padStart(16, '0');
}

/** Reads the reply of `ensure-tag-version`. */
export function parseVersionReply(reply: unknown): EnsuredVersion {
  const [version, timeUs, isNew] = reply as [Buffer, Buffer, number];
  return {
    version: version.toString('latin1'),
    askedAt: toVersion(Number(timeUs.toString('latin1'))),
    isNew: isNew === 1,
  };
}
