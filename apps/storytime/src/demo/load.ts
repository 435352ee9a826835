import type { HttpClient } from './http-client.js';

/** One request under load. */
export interface Sample {
  /** Since the load began. */
  readonly beganMs: number;
  readonly durationMs: number;
  readonly isError: boolean;
}

/** What the clients ask for, over and over: a screen of the app and what it needs. */
const PATHS = [
  '/stories?childId=ada',
  '/heroes?language=en',
  '/children/ada/recommendations',
  '/stories/half-a-walnut',
  '/children?name=Ben&age=7&gender=boy',
  '/heroes/luna',
  '/children/sol/recommendations',
  '/stories?language=de',
];

/** Lets several clients send one request after the other for a while; resolves when the last one is answered. */
export async function putUnderLoad(
  http: HttpClient,
  { clients, forMs }: { clients: number; forMs: number },
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const startMs = performance.now();
  const sinceStartMs = (): number => performance.now() - startMs;
  const client = async (first: number): Promise<void> => {
    for (let turn = first; sinceStartMs() < forMs; turn++) {
      const beganMs = sinceStartMs();
      const isError = await fails(http, PATHS[turn % PATHS.length] ?? '/');
      samples.push({ beganMs, durationMs: sinceStartMs() - beganMs, isError });
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, first) => client(first)));
  return samples;
}

async function fails(http: HttpClient, path: string): Promise<boolean> {
  try {
    return (await http.get(path)).status !== 200;
  } catch {
    return true;
  }
}
