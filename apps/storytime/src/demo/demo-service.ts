import type { INestApplication } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { createStorytime } from '../storytime.app.js';
import { HttpClient } from './http-client.js';

/** The app in this process, on a free port, with a client for it. */
export class DemoService implements AsyncDisposable {
  private constructor(
    private readonly app: INestApplication,
    readonly http: HttpClient,
  ) {}

  /** Starts the app with these variables in its environment. */
  static async start(environment: Readonly<Record<string, string>>): Promise<DemoService> {
    Object.assign(process.env, environment);
    const app = await createStorytime(false);
    await app.listen(0, '127.0.0.1');
    return new DemoService(app, new HttpClient(await app.getUrl()));
  }

  /** Tells every seeded story some more times, so that there is something to search. */
  async multiplyStories(times: number): Promise<void> {
    await this.app.get(DataSource).query(
      `INSERT INTO story (id, title, body, language, length, rating, audio_files, child_id, hero_ids)
       SELECT id || '-' || n, title || ' ' || n, body, language, length, rating, audio_files, child_id, hero_ids
       FROM story CROSS JOIN generate_series(2, $1::int) AS n`,
      [times],
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.http.close();
    await this.app.close();
  }
}
