import type { RedisPort } from '@nest-strata/redis';
import { FaultProxy } from '../faults/fault-proxy.js';
import { RedisServer } from '../redis/redis-server.js';
import type { ContractSubject } from './contract.js';

/** A port to a Redis of its own, made for one test. */
export interface RedisPortSubject extends ContractSubject {
  readonly port: RedisPort;
  readonly server: RedisServer;
  /** The network between the two. */
  readonly network: FaultProxy;
  readonly deadlineMs: number;
  /** Makes another port like {@link port}. */
  readonly makePort: (url: string) => Promise<RedisPort>;
}

/** A connected port with what is needed to put it to the test. */
export async function makeRedisPortSubject(
  makePort: (url: string) => RedisPort | Promise<RedisPort>,
  deadlineMs: number,
): Promise<RedisPortSubject> {
  const server = await RedisServer.start();
  const network = await FaultProxy.start(server);
  const ports: RedisPort[] = [];
  const makeAndKeep = async (url: string): Promise<RedisPort> => {
    const made = await makePort(url);
    ports.push(made);
    return made;
  };
  const close = async (): Promise<void> => {
    await Promise.all(ports.map((made) => made.close()));
    await network.stop();
    await server.stop();
  };
  const port = await makeAndKeep(network.urlOf(server.url));
  await port.connect();
  return { port, server, network, deadlineMs, makePort: makeAndKeep, close };
}
