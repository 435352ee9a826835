import type { AnyAlgorithm } from '../algorithms/algorithm-of.js';
import { concurrency } from '../algorithms/concurrency.js';
import { MAX_AMOUNT, MAX_SPAN_US } from '../algorithms/stored-number.js';

/** Which of the operations of a limit store is meant. */
export type LimitOperation = 'take' | 'give' | 'penalize';

/** A claim, as far as the text of the script depends on it. */
export interface ClaimShape {
  readonly algorithm: AnyAlgorithm;
  /** The position in KEYS of the hash of its subject, and of its own key; from 1, 0: it has none. */
  readonly subjectKey: number;
  readonly ownKey: number;
  readonly isShadow: boolean;
  /** The position in ARGV of its field; then come the cost, the parameters, and for some its lease or moment. */
  readonly firstArgument: number;
  readonly parameterCount: number;
}

/** Whether a claim brings its lease or the moment for which it was taken. */
export function bringsStamp(operation: LimitOperation, { mark }: AnyAlgorithm): boolean {
  return operation === 'give' || mark === concurrency.mark;
}

/** Lua allows a function 200 local variables; a claim takes up to 16. */
const MAX_CLAIMS_IN_LOCALS = 8;

const HEAD = `
local unpack_struct, pack_struct, floor, ceil, max, min =
  struct.unpack, struct.pack, math.floor, math.ceil, math.max, math.min
local MAX_AMOUNT, MAX_SPAN_US = ${MAX_AMOUNT}, ${MAX_SPAN_US}
local now, slack_ms = tonumber(ARGV[1]), 3600000
if not now then
  local time = redis.call('TIME')
  now, slack_ms = time[1] * 1000000 + time[2], 100
end
`;

/** The script for requests of one shape: reads all claims, decides, and only then writes. */
export function composeLimitScript(operation: LimitOperation, claims: readonly ClaimShape[]): string {
  const subjects = [...new Set(claims.map(({ subjectKey }) => subjectKey))];
  const helpers = new Set(claims.map(({ algorithm }) => algorithm.lua.helpers ?? ''));
  const decides = claims.flatMap(({ isShadow }, index) => (isShadow ? [] : [name(index, 'is_allowed')]));
  const body = withFields(
    [
      ...subjects.map((key) => readHash(key, claims)),
      ...claims.map((claim, index) => numbered(readClaim(operation, claim, claims), index)),
      `local all_allowed = ${decides.join(' and ') || 'true'}`,
      ...subjects.map((key) => `local stored_${key}, number_${key}, left_us_${key} = {}, 0, -1`),
      ...claims.map((claim, index) => numbered(writeClaim(operation, claim), index)),
      ...subjects.map(writeHash),
      tellAll(claims),
    ].join('\n'),
    claims.length,
  );
  return [HEAD, ...helpers, body].join('\n');
}

function argument({ firstArgument }: ClaimShape, at: number): string {
  return `ARGV[${firstArgument + at}]`;
}

function stamp(claim: ClaimShape): string {
  return argument(claim, 2 + claim.parameterCount);
}

/** `c1.cost`: what `c.cost` is of the first claim. */
function name(index: number, field: string): string {
  return `c${index + 1}.${field}`;
}

function numbered(lua: string, index: number): string {
  return lua.replace(/\bc\.(\w+)/g, (_, field: string) => name(index, field));
}

/** Makes a local variable of each field of each claim; with many claims, tables. */
function withFields(lua: string, claimCount: number): string {
  if (claimCount > MAX_CLAIMS_IN_LOCALS) {
    const tables = Array.from({ length: claimCount }, () => '{}').join(', ');
    return `local C = { ${tables} }\n${lua.replace(/\bc(\d+)\.(\w+)/g, 'C[$1].$2')}`;
  }
  const fields = new Set<string>();
  const text = lua.replace(/\bc(\d+)\.(\w+)/g, (_, number: string, field: string) => {
    fields.add(`c${number}_${field}`);
    return `c${number}_${field}`;
  });
  return fields.size === 0 ? text : `local ${[...fields].join(', ')}\n${text}`;
}

function readHash(key: number, claims: readonly ClaimShape[]): string {
  const fields = claims.filter(({ subjectKey }) => subjectKey === key).map((claim) => argument(claim, 0));
  return `local kept_${key} = redis.call('HMGET', KEYS[${key}], ${fields.join(', ')})`;
}

function readClaim(operation: LimitOperation, claim: ClaimShape, claims: readonly ClaimShape[]): string {
  const { algorithm, subjectKey, ownKey, parameterCount } = claim;
  const place = claims.filter((other) => other.subjectKey === subjectKey).indexOf(claim) + 1;
  const numbers = Array.from({ length: parameterCount }, (_, index) => index + 1);
  return `
${numbers.map((at) => `c.p${at}`).join(', ')} = ${numbers.map((at) => `tonumber(${argument(claim, at + 1)})`).join(', ')}
c.cost, c.value = tonumber(${argument(claim, 1)}), kept_${subjectKey}[${place}]
${ownKey > 0 ? `c.key = KEYS[${ownKey}]` : ''}
${bringsStamp(operation, algorithm) ? `c.stamp = ${stamp(claim)}` : ''}
if c.value and string.byte(c.value) ~= ${algorithm.mark.charCodeAt(0)} then c.value = false end
${algorithm.lua.read}
c.is_allowed = ${algorithm.lua.allows}`;
}

function writeClaim(operation: LimitOperation, claim: ClaimShape): string {
  const { lua } = claim.algorithm;
  const store = storeClaim(claim);
  if (operation === 'give') {
    return `
if c.cost > 0 and c.value then
  c.moment = tonumber(c.stamp)
  ${lua.giveBack}
  ${claim.ownKey > 0 ? '' : store}
end`;
  }
  if (operation === 'penalize') return `if c.cost > 0 then\n${lua.take}\n${store}\nc.cost = 0\nend`;
  const isConvertible = lua.read.includes('c.is_converted');
  return `
if c.cost > 0 then
  if all_allowed and c.is_allowed then
    ${lua.take}
    ${store}
  ${isConvertible ? `elseif c.is_converted then\n${store}` : ''}
  end
end`;
}

/** What lives in a key of its own leaves its mark in the hash, so that it can be found there. */
function storeClaim(claim: ClaimShape): string {
  const { algorithm, subjectKey: key, ownKey } = claim;
  const { pack = `'${algorithm.mark}'`, leftUs } = algorithm.lua;
  return `
number_${key} = number_${key} + 2
stored_${key}[number_${key} - 1], stored_${key}[number_${key}] = ${argument(claim, 0)}, ${pack}
left_us_${key} = max(left_us_${key}, ${leftUs})
${ownKey > 0 ? `redis.call('PEXPIRE', c.key, ceil((${leftUs}) / 1000) + slack_ms)` : ''}`;
}

/** The hash never lives shorter than what has been stored in it before. */
function writeHash(key: number): string {
  return `
if number_${key} > 0 then
  redis.call('HSET', KEYS[${key}], unpack(stored_${key}))
  local life_ms = ceil(left_us_${key} / 1000) + slack_ms
  if redis.call('PTTL', KEYS[${key}]) < life_ms then redis.call('PEXPIRE', KEYS[${key}], life_ms) end
end`;
}

function tellAll(claims: readonly ClaimShape[]): string {
  const told = claims.map(({ algorithm }, index) => numbered(`c.is_allowed and 1 or 0, ${algorithm.lua.tell}`, index));
  return `return { ${['now', 'all_allowed and 1 or 0', ...told].join(', ')} }`;
}
