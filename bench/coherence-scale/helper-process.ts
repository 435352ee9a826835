import { fork, type ChildProcess } from 'node:child_process';

const REPLY_WITHIN_MS = 30_000;

type Reply = { readonly result: unknown } | { readonly error: string };

/** Another process of the benchmark, which answers one question at a time and ends with this one. */
export class HelperProcess<Question, Answer> implements Disposable {
  readonly #child: ChildProcess;

  /** The program must call {@link answerWith}. */
  constructor(program: URL, args: readonly string[]) {
    this.#child = fork(program, args, { serialization: 'advanced' });
  }

  /** @throws when the other process failed, ended, or is silent for half a minute */
  ask(question: Question): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const done = () => {
        clearTimeout(timer);
        this.#child.off('message', onMessage).off('exit', onExit);
      };
      const onMessage = (reply: unknown) => {
        done();
        if ('error' in (reply as Reply)) reject(new Error((reply as { error: string }).error));
        else resolve((reply as { result: Answer }).result);
      };
      const onExit = () => {
        done();
        reject(new Error('A process of the benchmark ended.'));
      };
      const timer = setTimeout(onExit, REPLY_WITHIN_MS);
      this.#child.on('message', onMessage).on('exit', onExit);
      this.#child.send(question as object);
    });
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
  }
}

/** Makes this process a {@link HelperProcess}: it answers its kind of questions until the one that asks is gone. */
export function answerWith(answer: (question: never) => unknown): void {
  const respond = async (question: unknown): Promise<Reply> => {
    try {
      return { result: await answer(question as never) };
    } catch (error) {
      return { error: String((error as Error).stack) };
    }
  };
  process.on('message', (question) => {
    void respond(question).then((reply) => process.send?.(reply));
  });
  process.on('disconnect', () => process.exit());
}
