import type { ChannelDefinition } from '../registry/define-channels.js';
import { readPayload, type Instantiate } from './payload-type.js';

/** The version of the envelope. A reader of another version refuses it. */
const VERSION = 1;

/** What is known of a message beside what it says. */
export interface MessageHeader {
  /** 24 hex digits, different for each message. */
  readonly id: string;
  /** When it was published, in Unix ms by the wall clock of who published it: to be shown, not to be decided by. */
  readonly sentAtMs: number;
  /** The process that published it: 16 hex digits, new with each start. */
  readonly source: string;
}

/** A message that was read, or why it was not, and of which message that is said. */
export type Opened =
  | { readonly header: MessageHeader; readonly data: unknown }
  | { readonly problems: readonly string[]; readonly id?: string };

/** A message as it is published: `{"v":1,"id":…,"ts":…,"src":…,"type":<name of the channel>,"data":…}`. */
export function sealEnvelope(name: string, { id, sentAtMs, source }: MessageHeader, data: unknown): string {
  return JSON.stringify({ v: VERSION, id, ts: sentAtMs, src: source, type: name, data });
}

/** Reads a message, however it was made: what is too large, no envelope, of another channel or against the rules is refused. */
export function openEnvelope(bytes: Buffer, definition: ChannelDefinition, instantiate?: Instantiate): Opened {
  const { template, maxBytes, payload } = definition;
  if (bytes.length > maxBytes) return { problems: [`it has ${bytes.length} bytes, more than ${maxBytes}`] };
  const envelope = parseJson(bytes);
  if (typeof envelope !== 'object' || envelope === null) return { problems: ['it is no envelope'] };
  const { v, id, ts, src, type, data } = envelope as Readonly<Record<string, unknown>>;
  if (v !== VERSION) return { problems: [`its envelope is not of version ${VERSION}`] };
  if (typeof id !== 'string' || typeof ts !== 'number' || typeof src !== 'string')
    return { problems: ['it is no envelope'] };
  if (type !== template.name) return { problems: [`it was meant for another channel`], id };
  const reading = readPayload(payload, data, instantiate);
  if ('problems' in reading) return { problems: reading.problems, id };
  return { header: Object.freeze({ id, sentAtMs: ts, source: src }), data: freezeDeeply(reading.data) };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

/** All handlers of a process get one object. Bytes cannot be frozen. */
function freezeDeeply(data: unknown): unknown {
  const left: unknown[] = [data];
  while (left.length > 0) {
    const item = left.pop();
    if (typeof item !== 'object' || item === null || ArrayBuffer.isView(item) || Object.isFrozen(item)) continue;
    Object.freeze(item);
    left.push(...(Object.values(item) as unknown[]));
  }
  return data;
}
