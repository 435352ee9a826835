import type { Server } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import request, { type Test } from 'supertest';
import { createStorytime } from '../../src/storytime.app.js';

/** The variables that shape the app; those that a test does not give are empty, which counts as not set. */
const UNSET = {
  DATABASE_URL: '',
  STORYTIME_DATA_DIR: '',
  REDIS_URL: '',
  CACHE_NAMESPACE: '',
  CACHE_MEMORY_ENABLED: '',
  CACHE_HERO_TTL: '',
};

export type StorytimeEnvironment = Partial<typeof UNSET>;

/** What the app answered. */
export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly text: string;
}

/** The real app in this process, on a free port. Its methods reject when the status is not the expected one. */
export class RunningStorytime {
  readonly #server: Server;

  private constructor(readonly app: INestApplication) {
    this.#server = app.getHttpServer() as Server;
  }

  static async start(environment: StorytimeEnvironment): Promise<RunningStorytime> {
    Object.assign(process.env, UNSET, environment);
    const app = await createStorytime(false);
    await app.listen(0);
    return new RunningStorytime(app);
  }

  get(path: string, status = 200): Promise<Reply> {
    return send(request(this.#server).get(path), status);
  }

  post(path: string, body: object | string, status = 201): Promise<Reply> {
    return send(request(this.#server).post(path).type('json').send(body), status);
  }

  put(path: string, body: object, status = 200): Promise<Reply> {
    return send(request(this.#server).put(path).send(body), status);
  }

  patch(path: string, body: object, status = 200): Promise<Reply> {
    return send(request(this.#server).patch(path).send(body), status);
  }

  delete(path: string, status = 204): Promise<Reply> {
    return send(request(this.#server).delete(path), status);
  }

  stop(): Promise<void> {
    return this.app.close();
  }
}

async function send(test: Test, expectedStatus: number): Promise<Reply> {
  const { status, headers, body, text } = (await test.expect(expectedStatus)) as unknown as Reply;
  return { status, headers, body, text };
}
