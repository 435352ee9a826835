/** The program of a worker: `node worker-main.js <url of its module>`, forked by `WorkerProcess`. */
import { performance } from 'node:perf_hooks';
import { setWallClockOffset } from '../time/wall-clock.js';
import { CallLine } from './call-line.js';
import type { LineMessage } from './call-line.js';
import type { WorkerControl } from './worker-control.js';
import type { WorkerContext, WorkerFactory } from './worker-module.js';

const [moduleUrl = ''] = process.argv.slice(2);
let functions: Record<string, unknown> = {};

const control: WorkerControl = {
  async start({ name, data, wallClockOffsetMs }) {
    setWallClockOffset(wallClockOffsetMs);
    const module = (await import(moduleUrl)) as { readonly default?: unknown };
    if (typeof module.default !== 'function') {
      throw new TypeError(`${moduleUrl} has no default export. Write: export default defineWorker((context) => …)`);
    }
    const factory = module.default as WorkerFactory<Record<string, unknown>, unknown>;
    functions = await factory({ name, data, ask: (asked, ...args) => line.call(asked, args) as never, onTerminate });
  },
  setWallClockOffset: (offsetMs) => void setWallClockOffset(offsetMs),
  blockEventLoop(forMs) {
    const untilMs = performance.now() + forMs;
    while (performance.now() < untilMs);
  },
  call(name, args) {
    const called = functions[name];
    if (typeof called !== 'function') throw new TypeError(`${moduleUrl} has no function "${name}".`);
    return called.apply(functions, args) as unknown;
  },
};

// The test is gone when a message cannot be sent, and 'disconnect' follows.
const line = new CallLine((message) => process.send?.(message, undefined, undefined, () => undefined), control);

const onTerminate: WorkerContext['onTerminate'] = (handler) => {
  process.once('SIGTERM', () => void Promise.resolve(handler()).then(() => process.channel?.unref()));
};

process.on('message', (message) => line.receive(message as LineMessage));
process.on('disconnect', () => process.exit());
