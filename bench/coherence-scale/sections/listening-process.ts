import { median } from '../../interleaved.js';
import { shuffledIndexes } from '../choose-keys.js';
import { fleetOf } from '../fleet-setup.js';
import { KEY_COUNT } from '../key-space.js';
import { set, setAndPublish } from '../operations.js';
import { paceName, printTable } from '../print.js';
import { Receiver, type ReceiverAnswer } from '../receiver.js';
import type { Rig } from '../rig.js';

const MODES = ['tracking', 'tracking-reads', 'bus'] as const;
const PACES = ['burst', 1_000] as const;
const WRITES = 500;

/** What hearing of changes costs a Node process that hears of every one. */
export async function listeningProcess(rig: Rig, rounds: number): Promise<void> {
  using receiver = new Receiver(rig.port);
  const cells = PACES.flatMap((pace) => MODES.map((mode) => ({ mode, pace, answers: [] as ReceiverAnswer[] })));
  // The first round warms the process up.
  for (let round = -1; round < rounds; round++) {
    for (const place of shuffledIndexes(cells.length, rig.random)) {
      const { mode, pace, answers } = cells[place] as (typeof cells)[number];
      const operation = mode === 'bus' ? setAndPublish() : set();
      const indexes = shuffledIndexes(KEY_COUNT, rig.random);
      await receiver.open(fleetOf(mode, 1));
      if (pace === 'burst') await rig.writer.burst(operation, indexes);
      else await rig.writer.steadily(operation, indexes.slice(0, WRITES), pace);
      const answer = await receiver.close();
      if (round >= 0) answers.push(answer);
      if (mode === 'tracking-reads') await rig.rewrite();
    }
  }
  const rows = cells.map(({ mode, pace, answers }) => {
    const middle = (figure: (answer: ReceiverAnswer) => number) => median(answers.map(figure));
    return [
      mode,
      paceName(pace),
      middle(({ keys, messages }) => keys / messages).toFixed(1),
      middle(({ cpuUs, messages }) => cpuUs / messages).toFixed(1),
      middle(({ cpuUs, keys }) => cpuUs / keys).toFixed(2),
    ];
  });
  const columns = ['changes heard by', 'pace', 'keys/message', 'process µs/message', 'process µs/key'];
  printTable('A listening Node process', columns, rows);
}
