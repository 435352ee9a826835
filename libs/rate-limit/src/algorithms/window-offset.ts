/**
 * Where in the clock's window that of a subject begins, in µs: spreads the subjects, so that not all begin anew at once.
 * The same in every process and release. FNV-1a over UTF-16 code units.
 */
export function windowOffsetUs(subject: string, windowUs: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < subject.length; index++) {
    hash = Math.imul(hash ^ subject.charCodeAt(index), 0x01000193);
  }
  // The low bits of FNV are spread better than the high ones that the scaling below looks at.
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x45d9f3b);
  hash ^= hash >>> 16;
  return Math.floor(((hash >>> 0) / 2 ** 32) * windowUs);
}
