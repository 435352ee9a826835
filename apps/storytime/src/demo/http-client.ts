import { Agent, type IncomingMessage, request } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/** What came back, and how long it took from the first byte sent to the last one received. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly durationMs: number;
}

/** A client that keeps its connections: what is measured is the service, not the greeting. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true });

  constructor(private readonly baseUrl: string) {}

  get(path: string): Promise<Answer> {
    return this.#send('GET', path);
  }

  patch(path: string, change: object): Promise<Answer> {
    return this.#send('PATCH', path, JSON.stringify(change));
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(method: string, path: string, body?: string): Promise<Answer> {
    const beganMs = performance.now();
    const headers = { 'content-type': 'application/json' };
    const sending = request(this.baseUrl + path, { method, agent: this.#agent, headers }).end(body);
    const [response] = (await once(sending, 'response')) as [IncomingMessage];
    const received = await text(response);
    return {
      status: response.statusCode ?? 0,
      body: received === '' ? undefined : JSON.parse(received),
      durationMs: performance.now() - beganMs,
    };
  }
}
