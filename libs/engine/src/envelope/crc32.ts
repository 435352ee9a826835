import { crc32 as crc32OfZlib } from 'node:zlib';

/** Up to here JavaScript is quicker than a call of zlib and the view of the bytes that it needs. */
const MAX_SHORT_BYTES = 256;
const POLYNOMIAL = 0xedb88320;

/** Four tables one after the other: what a byte adds to the checksum when 0 to 3 bytes follow it in its word. */
const TABLES = makeTables();

/** The CRC-32 of the bytes from `start` to before `end`; the same as that of zlib, but quick for short stretches. */
export function crc32(bytes: Buffer, start = 0, end = bytes.length): number {
  if (end - start > MAX_SHORT_BYTES) {
    return crc32OfZlib(end - start === bytes.length ? bytes : bytes.subarray(start, end));
  }
  let crc = ~0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    crc ^=
      byteAt(bytes, at) | (byteAt(bytes, at + 1) << 8) | (byteAt(bytes, at + 2) << 16) | (byteAt(bytes, at + 3) << 24);
    crc = entry(3, crc) ^ entry(2, crc >>> 8) ^ entry(1, crc >>> 16) ^ entry(0, crc >>> 24);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ entry(0, crc ^ byteAt(bytes, at));
  return ~crc >>> 0;
}

function byteAt(bytes: Buffer, at: number): number {
  return bytes[at] as number;
}

function entry(table: number, byte: number): number {
  return TABLES[(table << 8) | (byte & 0xff)] as number;
}

function makeTables(): Int32Array {
  const tables = new Int32Array(4 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[byte] = crc;
  }
  for (let at = 256; at < tables.length; at++) {
    const shorter = tables[at - 256] as number;
    tables[at] = (shorter >>> 8) ^ (tables[shorter & 0xff] as number);
  }
  return tables;
}
