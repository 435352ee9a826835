/** The version of a tag record at a moment of the server's time. */
export interface EnsuredVersion {
  /** 16 hex digits. */
  readonly version: string;
  /** How long the record will live, in ms. */
  readonly livesForMs: number;
}

/** A moment of the server's time as versions are written: µs as 16 lower-case hex digits. */
export function toVersion(timeUs: number): string {
  return timeUs.toString(16).padStart(16, '0');
}

/** Reads the reply of `ensure-tag-version`. */
export function parseVersionReply(reply: unknown): EnsuredVersion {
  const [version, leftMs] = reply as [Buffer, number];
  return { version: version.toString('latin1'), livesForMs: leftMs < 0 ? Infinity : leftMs };
}
