/** One process that listens through ioredis as the suite does, and forgets each key that it hears of. */
import { loadIoredis } from '@nest-strata/redis';
import type { FleetSetup } from './fleet-setup.js';
import { answerWith } from './helper-process.js';
import { KEY_COUNT, TRACKING_CHANNEL, valueKey } from './key-space.js';
import type { ReceiverAnswer, ReceiverQuestion } from './receiver.js';

const KEYS_PER_READ = 500;

interface Client {
  connect(): Promise<void>;
  call(command: string, ...args: (string | number)[]): Promise<unknown>;
  mget(keys: string[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  ping(): Promise<unknown>;
  on(event: 'messageBuffer', listener: (channel: Buffer, message: Buffer | Buffer[]) => void): void;
  disconnect(): void;
}

const Client = (await loadIoredis()) as unknown as new (options: object) => Client;
const memory = new Map<string, number>();
let [subscriber, data]: Client[] = [];
let messages = 0;
let keys = 0;
let cpuBefore = process.cpuUsage();

async function open(setup: FleetSetup): Promise<void> {
  const connection = { host: '127.0.0.1', port: Number(process.argv[2]), protocol: 2, lazyConnect: true };
  subscriber = new Client(connection);
  data = new Client(connection);
  await Promise.all([subscriber.connect(), data.connect()]);
  const id = Number(await subscriber.call('CLIENT', 'ID'));
  subscriber.on('messageBuffer', (_channel, message) => {
    messages += 1;
    if (Array.isArray(message)) for (const key of message) forget(key.toString('latin1'));
    else forget(message.toString('latin1').slice(message.indexOf(0x0a) + 1));
  });
  await subscriber.subscribe(setup.mode === 'bus' ? (setup.channels[0] ?? '') : TRACKING_CHANNEL);
  if (setup.mode !== 'bus') {
    const prefixes = (setup.prefixSets[0] ?? []).flatMap((prefix) => ['PREFIX', prefix]);
    const what = setup.mode === 'tracking' ? ['BCAST', ...prefixes] : [];
    await data.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, ...what, ...(setup.noLoop ? ['NOLOOP'] : []));
  }
  const all = Array.from({ length: KEY_COUNT }, (_, index) => valueKey(index));
  for (const [index, key] of all.entries()) memory.set(key, index);
  for (let start = 0; setup.mode === 'tracking-reads' && start < KEY_COUNT; start += KEYS_PER_READ) {
    await data.mget(all.slice(start, start + KEYS_PER_READ));
  }
  [messages, keys, cpuBefore] = [0, 0, process.cpuUsage()];
}

function forget(key: string): void {
  keys += 1;
  memory.delete(key);
}

async function close(): Promise<ReceiverAnswer> {
  await subscriber?.ping();
  const { user, system } = process.cpuUsage(cpuBefore);
  subscriber?.disconnect();
  data?.disconnect();
  return { messages, keys, cpuUs: user + system };
}

answerWith((question: ReceiverQuestion) => (question === 'close' ? close() : open(question.open)));
