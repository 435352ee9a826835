import { describeRedisPort } from '@nest-strata/testing';
import { IOREDIS_VERSIONS, openRedis } from './clients.js';

for (const [name, Client] of IOREDIS_VERSIONS) {
  describeRedisPort(`a port over ${name}`, (url) => openRedis(Client, { url, deadline: '200ms' }), 200);
  describeRedisPort(`a pool over ${name}`, (url) => openRedis(Client, { url, deadline: '200ms', connections: 3 }), 200);
}
