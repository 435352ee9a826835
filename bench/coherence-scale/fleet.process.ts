/** Many listening processes in one, which looks at its sockets every few milliseconds only: it must not cost what they would. */
import { SeededRandom } from '@nest-strata/testing';
import { popularFirst } from './choose-keys.js';
import type { FleetAnswer, FleetQuestion } from './fleet.js';
import { FleetClient } from './fleet-client.js';
import type { FleetSetup } from './fleet-setup.js';
import { answerWith } from './helper-process.js';
import { KEY_COUNT } from './key-space.js';
import { nap } from './nap.js';

const NAP_MS = 5;

const port = Number(process.argv[2]);
/** How many clients differ in what they hold. */
const KINDS_OF_CLIENTS = 50;

/** For each kind of client, the keys in the order in which it came to know them. */
const known: Uint32Array[] = [];
let clients: readonly FleetClient[] = [];
let listening = false;

function listen(): void {
  if (!listening) return;
  for (const client of clients) client.tick();
  nap(NAP_MS);
  setImmediate(listen);
}

async function open(setup: FleetSetup): Promise<void> {
  const opened = Array.from({ length: setup.clients }, (_, place) =>
    FleetClient.open(port, setup, place, heldBy(place, setup.heldKeys)),
  );
  clients = await Promise.all(opened);
  listening = true;
  setImmediate(listen);
}

function heldBy(place: number, count: number): readonly number[] {
  if (count === 0) return [];
  const kind = place % KINDS_OF_CLIENTS;
  known[kind] ??= popularFirst(KEY_COUNT, new SeededRandom(kind));
  return [...known[kind].subarray(0, count)];
}

async function count(): Promise<FleetAnswer> {
  listening = false;
  await Promise.all(clients.map((client) => client.caughtUp()));
  const sum = (figure: (client: FleetClient) => number) => clients.reduce((total, client) => total + figure(client), 0);
  return {
    messages: sum(({ pushes }) => pushes.messages),
    keys: sum(({ pushes }) => pushes.keys),
    bytes: sum(({ pushes }) => pushes.bytes),
    rereads: sum(({ rereads }) => rereads),
  };
}

answerWith(async (question: FleetQuestion) => {
  if (question !== 'close') return open(question.open);
  const counted = await count();
  for (const client of clients) client.close();
  clients = [];
  return counted;
});
