import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { ServerProcess } from './server-process.js';
import type { ServerCommand } from './server-process.js';

/** A server that is a few lines of shell. */
function shellServer(script: string): ServerCommand {
  return {
    command: '/bin/sh',
    args: ['-c', script],
    readyText: 'ready',
    directory: tmpdir(),
    directoryIsTemporary: false,
  };
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('ServerProcess', () => {
  it('is ready when the text has come, in pieces and on whichever stream', async () => {
    const server = await ServerProcess.start(
      shellServer('echo noise; printf rea >&2; sleep 0.05; printf "dy\n" >&2; exec sleep 60'),
    );
    expect(server.isRunning).toBe(true);
    expect(runs(server.pid)).toBe(true);
    await server.kill();
    expect(runs(server.pid)).toBe(false);
  });

  it('goes on however much the server prints', async () => {
    const server = await ServerProcess.start(shellServer('echo ready; yes | head -c 3000000; echo done'));
    for (let attempt = 0; attempt < 500 && server.isRunning; attempt++) await sleep(10);
    expect(server.isRunning).toBe(false);
  });

  it('fails with what was printed when the program ends, or says nothing', async () => {
    await expect(ServerProcess.start(shellServer('echo reason >&2; exit 3'))).rejects.toThrow(
      '/bin/sh ended with status 3 before it was ready. It printed:\nreason',
    );
    await expect(ServerProcess.start(shellServer('exit 0'))).rejects.toThrow('It printed:\n(nothing)');
  });

  it('fails when there is no such program or folder', async () => {
    const command = shellServer('echo ready');
    await expect(ServerProcess.start({ ...command, command: '/no/such/server' })).rejects.toThrow(
      'ended with status 127',
    );
    await expect(ServerProcess.start({ ...command, directory: '/no/such/folder' })).rejects.toThrow(
      'could not be started: spawn',
    );
  });

  it('gives up on a program that does not become ready, and ends it', async () => {
    const start = ServerProcess.start({ ...shellServer('echo $$; exec sleep 60'), readyTimeoutMs: 100 });
    const error = (await start.catch((caught: unknown) => caught)) as Error;
    const [, pid] = /was not ready after 100 ms\. It printed:\n(\d+)$/.exec(error.message) ?? [];
    expect(pid).toBeDefined();
    for (let attempt = 0; attempt < 500 && runs(Number(pid)); attempt++) await sleep(10);
    expect(runs(Number(pid))).toBe(false);
  });

  it('lets the server end in its own way when it is stopped, and can be stopped again', async () => {
    const server = await ServerProcess.start(
      shellServer('trap "exit 0" TERM; echo ready; while :; do sleep 0.01; done'),
    );
    const startedAtMs = performance.now();
    await server.stop();
    await server.stop();
    expect(performance.now() - startedAtMs).toBeLessThan(2_000);
    expect(server.isRunning).toBe(false);
  });

  it('kills a server that does not end within 3 s of being asked', async () => {
    const server = await ServerProcess.start(shellServer('trap "" TERM; echo ready; while :; do sleep 0.1; done'));
    const startedAtMs = performance.now();
    await server.stop();
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(2_990);
    expect(runs(server.pid)).toBe(false);
  });
});
