import type { RedisClient } from '../client/redis-client.js';
import { isReply, toCommandError } from '../errors/redis-fault.js';
import type { Batch, BatchObserver, PendingCommand } from './batch.js';

/** A longer `MGET` is split, so that other clients of the server get their turn in between. */
const MAX_KEYS_PER_MGET = 1000;

/** One connection, as a batch needs it. */
export interface BatchConnection {
  readonly client: RedisClient;
  /** Digests of the scripts that this connection has sent in full. */
  readonly knownScripts: Set<string>;
  /** Whether a connection that breaks now was closed by us. */
  readonly isClosing: () => boolean;
}

/**
 * Sends a batch in one write, the commands first, and settles each part as its reply comes.
 *
 * The socket is corked for it; a pipeline of ioredis does the same for half as much CPU again.
 */
export function transmit(batch: Batch, connection: BatchConnection, observer: BatchObserver): void {
  const keys = batch.keysToRead();
  const parts = batch.commands.length + (keys.length > 0 ? 1 : 0);
  const stream = parts > 1 ? connection.client.stream : undefined;
  batch.begin(parts, observer);
  stream?.cork();
  try {
    for (const command of batch.commands) sendCommand(command, batch, connection);
    if (keys.length > 0) sendReads(keys, batch, connection);
  } finally {
    stream?.uncork();
  }
}

function sendReads(keys: string[], batch: Batch, connection: BatchConnection): void {
  const [first] = keys;
  if (first === undefined || keys.length > 1) {
    readMany(keys, connection.client).then(
      (values) => deliver(values, batch),
      (error: unknown) => failReads(error, 'MGET', batch, connection),
    );
  } else {
    connection.client.getBuffer(first).then(
      (value) => deliver([value], batch),
      (error: unknown) => {
        // MGET has null for what is no string; so that nobody can tell which of the two was sent, GET has it too.
        if (isReply(error) && error.message.startsWith('WRONGTYPE')) deliver([null], batch);
        else failReads(error, 'GET', batch, connection);
      },
    );
  }
}

function readMany(keys: string[], client: RedisClient): Promise<(Buffer | null)[]> {
  if (keys.length <= MAX_KEYS_PER_MGET) return client.mgetBuffer(keys);
  const chunks: Promise<(Buffer | null)[]>[] = [];
  for (let start = 0; start < keys.length; start += MAX_KEYS_PER_MGET) {
    chunks.push(client.mgetBuffer(keys.slice(start, start + MAX_KEYS_PER_MGET)));
  }
  return Promise.all(chunks).then((values) => values.flat());
}

function deliver(values: (Buffer | null)[], batch: Batch): void {
  batch.deliver(values);
  batch.finishPart(true);
}

function failReads(error: unknown, command: string, batch: Batch, connection: BatchConnection): void {
  batch.failReads(toFault(error, command, connection));
  batch.finishPart(isReply(error));
}

function sendCommand(command: PendingCommand, batch: Batch, connection: BatchConnection): void {
  reply(command, batch, connection).then(
    (value) => {
      command.resolve(value);
      batch.finishPart(true);
    },
    (error: unknown) => {
      command.reject(toFault(error, command.name, connection));
      batch.finishPart(isReply(error));
    },
  );
}

function toFault(error: unknown, command: string, { isClosing }: BatchConnection): Error {
  return toCommandError(error, command, isClosing() ? 'closed' : 'connection-lost');
}

function reply(command: PendingCommand, batch: Batch, connection: BatchConnection): Promise<unknown> {
  const { name, args, script } = command;
  if (script === undefined) return connection.client.callBuffer(name, args);
  return runScript(script, args, batch, connection);
}

/**
 * By its digest once this connection has sent it in full, so that only a server which forgot it in between (`SCRIPT
 * FLUSH`) costs a second trip and the command its place in the order.
 */
async function runScript(
  script: NonNullable<PendingCommand['script']>,
  args: PendingCommand['args'],
  batch: Batch,
  { client, knownScripts }: BatchConnection,
): Promise<unknown> {
  if (knownScripts.has(script.sha1)) {
    try {
      return await client.callBuffer('EVALSHA', [script.sha1, ...args]);
    } catch (error) {
      if (batch.isOver || !isReply(error) || !error.message.startsWith('NOSCRIPT')) throw error;
    }
  }
  knownScripts.add(script.sha1);
  return client.callBuffer('EVAL', [script.lua, ...args]);
}
