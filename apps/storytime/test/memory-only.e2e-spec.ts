import { describe } from '@jest/globals';
import { describeApi } from './support/api.contract.js';
import { RunningStorytime } from './support/running-storytime.js';

describe('storytime on the embedded PostgreSQL, caching in memory', () => {
  describeApi(() => RunningStorytime.start({ STORYTIME_DATA_DIR: 'memory' }));
});
