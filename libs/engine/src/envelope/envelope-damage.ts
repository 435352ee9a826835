/**
 * Why stored bytes are no entry that may be served. Each is a miss.
 *
 * - `foreign`: they do not begin as an envelope does
 * - `unknown-format`: a format that this release does not know
 * - `truncated`: they end too early or too late
 * - `header-damaged`, `body-damaged`: a checksum does not fit
 * - `other-key`: they were stored under another key
 * - `unknown-codec`, `unknown-compression`: written with one that this process does not have
 * - `undecodable-body`: the checksum fits, but the codec cannot read the body, or it holds a class not registered here
 * - `body-too-large`: the body decompresses to more than a value may take
 */
export type EnvelopeDamage =
  | 'foreign'
  | 'unknown-format'
  | 'truncated'
  | 'header-damaged'
  | 'body-damaged'
  | 'other-key'
  | 'unknown-codec'
  | 'unknown-compression'
  | 'undecodable-body'
  | 'body-too-large';
