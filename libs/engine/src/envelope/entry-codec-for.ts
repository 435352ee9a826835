import type { ResolvedCacheOptions } from '../options/cache-options.js';
import { EntryCodec } from './entry-codec.js';

/** The codec of a cache's entries. */
export function entryCodecFor({ codec, types, limits, compression }: ResolvedCacheOptions): EntryCodec {
  const { maxValueBytes } = limits;
  return new EntryCodec({ codec, types, maxValueBytes, ...(compression === undefined ? {} : { compression }) });
}
