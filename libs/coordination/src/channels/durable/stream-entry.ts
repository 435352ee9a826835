/** A message in a stream. */
export interface StreamEntry {
  /** Its place in the stream: `<ms>-<n>`. */
  readonly id: string;
  /** The channel with its parameters. */
  readonly channel: string;
  /** The envelope. */
  readonly message: Buffer;
  /** The only group for which it is meant; empty for all. */
  readonly onlyGroup: string;
  /** How often it was handed out, this time included. */
  readonly delivery: number;
}

/** Fields by their name, as Redis gives them in a row. */
export function fieldsOf(flat: unknown): ReadonlyMap<string, Buffer> {
  const fields = new Map<string, Buffer>();
  const items = Array.isArray(flat) ? (flat as unknown[]) : [];
  for (let index = 0; index + 1 < items.length; index += 2) {
    const value = items[index + 1];
    if (Buffer.isBuffer(value)) fields.set(String(items[index]), value);
  }
  return fields;
}

/** An entry as `XREADGROUP` and our scripts give it: id, fields, and how often it was handed out. */
export function parseEntry(reply: unknown): StreamEntry {
  const [id, flat, deliveries = 1] = reply as [unknown, unknown, unknown];
  const fields = fieldsOf(flat);
  return {
    id: String(id),
    channel: fields.get('c')?.toString() ?? '',
    message: fields.get('d') ?? Buffer.alloc(0),
    onlyGroup: fields.get('g')?.toString() ?? '',
    delivery: Number(deliveries),
  };
}

/** What `XREADGROUP` of one stream gives. */
export function parseRead(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) return [];
  const [stream] = reply as [[unknown, unknown[]] | undefined];
  return (stream?.[1] ?? []).map(parseEntry);
}
