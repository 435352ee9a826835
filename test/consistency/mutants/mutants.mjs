/**
 * Deliberately broken builds: each takes one guarantee away, and names the suite that must notice.
 *
 * @typedef {object} Mutant
 * @property {string} name what is broken
 * @property {{ file: string, find: string, replace: string }[]} changes `find` is in the file exactly once
 * @property {string} suite a pattern for the path of the suite
 * @property {string} [test] a pattern for the names of its tests
 */

const engine = (path) => `libs/engine/src/${path}`;

/** @type {readonly Mutant[]} */
export const mutants = [
  {
    name: 'no lease check',
    changes: [
      {
        file: engine('scripts/fill-value.script.ts'),
        find: `if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end`,
        replace: '',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'evict without lease kill',
    changes: [
      {
        file: engine('tiers/redis.tier.ts'),
        find: 'const leases = this.#unlink(valueKeys.map((valueKey) => this.keySpace.leaseOf(valueKey)));',
        replace: 'const leases = Promise.resolve(0);',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'tag versions taken after the load',
    changes: [
      {
        file: engine('authority/versioned-entries.ts'),
        find: '    let taken = ticket.versions;\n',
        replace: '    let taken = await records.take(ticket.tags, lifeMs);\n',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'no second look after derived tags',
    changes: [
      {
        file: engine('authority/redis.authority.ts'),
        find: ' || isOutdated()',
        replace: '',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'expire gives up when the value has changed',
    changes: [
      {
        file: engine('authority/redis.authority.ts'),
        find: '      if (isDone) return wasFresh;\n',
        replace: '      if (attempt < MAX_ATTEMPTS) return isDone && wasFresh;\n',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'value evicted before its lease',
    changes: [
      {
        file: engine('tiers/redis.tier.ts'),
        find: 'const [, removed] = await Promise.all([leases, this.#unlink(valueKeys)]);',
        replace: 'const removed = await this.#unlink(valueKeys);',
      },
      {
        file: engine('tiers/redis.tier.ts'),
        find: 'const leases = this.#unlink(valueKeys.map((valueKey) => this.keySpace.leaseOf(valueKey)));',
        replace: 'setImmediate(() => void this.#unlink(valueKeys.map((valueKey) => this.keySpace.leaseOf(valueKey))));',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'set leaves the lease',
    changes: [
      {
        file: engine('tiers/redis.tier.ts'),
        find: "await Promise.all([this.redis.send('SET', args), leaseEnded]);",
        replace: "leaseEnded.catch(() => undefined);\n    await this.redis.send('SET', args);",
      },
      {
        file: engine('leases/lease-ender.ts'),
        find: "this.redis.send('DEL', leaseKeys).then(resolve, reject);",
        replace: 'Promise.resolve(leaseKeys).then(resolve, reject);',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'fill over any value',
    changes: [
      {
        file: engine('scripts/fill-value.script.ts'),
        find: 'if header ~= ARGV[2] then',
        replace: 'if false then',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'flights not detached by a push',
    changes: [
      {
        file: engine('read-through/single-flight.ts'),
        find: 'if (this.#flights.get(key)?.isOutdatedByChange === true) this.#flights.delete(key);',
        replace: '',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'no read token',
    changes: [
      {
        file: engine('memory/memory-store.ts'),
        find: 'if (this.changes.isOutdated(key, stamp) || !this.changes.isValid(stamp, entry.tags)) return false;',
        replace: '',
      },
    ],
    suite: 'test/consistency/v03',
  },
  {
    name: 'no load token',
    changes: [
      {
        file: engine('read-through/entry-writer.ts'),
        find: 'return this.context.memory.changes.isChangedHere(key, start.stamp);',
        replace: 'return start.stamp < 0 && key === this.context.name;',
      },
    ],
    suite: 'test/consistency/v02',
  },
  {
    name: 'no distrust on reconnect',
    changes: [
      {
        file: engine('coherence/copy-trust.ts'),
        find: '    this.#epoch++;\n',
        replace: '',
      },
      {
        file: engine('coherence/change-hearer.ts'),
        find: '    versions.forgetAll();\n    trust.arm();',
        replace: '    trust.arm();',
      },
      {
        file: engine('coherence/change-hearer.ts'),
        find: '    versions.forgetAll();\n    flights.detachAllRunning();',
        replace: '    flights.detachAllRunning();',
      },
    ],
    suite: 'test/consistency/v08',
  },
  {
    name: 'memory trusted without proof',
    changes: [
      {
        file: engine('coherence/copy-trust.ts'),
        find: 'nowMs < this.coherence.heardUpToMs + LIVENESS_BOUND_MS && this.versions.areThoseOf(copy)',
        replace: 'this.versions.areThoseOf(copy)',
      },
    ],
    suite: 'test/consistency/v08',
  },
  {
    name: 'copies without proof outlive what is heard',
    changes: [
      {
        file: engine('coherence/copy-trust.ts'),
        find: 'return !this.versions.areForgottenSince(copy.stamp, copy.tags);',
        replace: 'return true;',
      },
    ],
    suite: 'test/consistency/v08',
  },
  {
    name: 'wall clock decides',
    changes: [
      {
        file: engine('tiers/server-clock.ts'),
        find: 'this.#offsetMs = serverMs - this.#comparedAtMs;',
        replace: 'this.#offsetMs = (serverMs, Date.now()) - this.#comparedAtMs;',
      },
    ],
    suite: 'test/consistency/v10',
  },
  {
    name: 'refresh without discard',
    changes: [
      {
        file: engine('tiers/redis.tier.ts'),
        find: "return this.#echoing(key, fill, (result) => result === 'stored');",
        replace: 'return this.store(key, entry) as ReturnType<typeof fill>;',
      },
      {
        file: engine('read-through/entry-writer.ts'),
        find: 'return this.context.memory.changes.isChangedHere(key, start.stamp);',
        replace: 'return start.stamp < 0 && key === this.context.name;',
      },
    ],
    suite: 'test/consistency/v14',
  },
  {
    name: 'an entry without a tag record counts as valid',
    changes: [
      {
        file: engine('tags/tag-records.ts'),
        find: 'if (recorded !== version) return false;',
        replace: 'if (recorded !== undefined && recorded !== version) return false;',
      },
    ],
    suite: 'test/consistency/v09',
  },
  {
    name: 'versions of tags begin anew with their records',
    changes: [
      {
        file: engine('scripts/ensure-tag-version.script.ts'),
        find: "version = string.format('%016x', time[1] * 1000000 + time[2])",
        replace: "version = string.format('%016x', 1)",
      },
    ],
    suite: 'test/consistency/v09',
  },
  {
    name: 'tags forget nothing elsewhere',
    changes: [
      {
        file: engine('coherence/change-hearer.ts'),
        find: '    this.parts.versions.forgetTag(tag);\n',
        replace: '',
      },
    ],
    suite: 'test/consistency/v09',
  },
  {
    name: 'tombstone skipped',
    changes: [
      {
        file: engine('recovery/evict-keeper.ts'),
        find: 'for (const evict of evicts) this.recovery.pending.add(evict);',
        replace: 'void evicts;',
      },
    ],
    suite: 'test/consistency/v07',
  },
  {
    name: 'acknowledged evicts not repeated after a failover',
    changes: [
      {
        file: engine('recovery/recovery.ts'),
        find: "if (verdict.kind === 'same') return [];",
        replace: 'if (verdict.kind.length > 0) return [];',
      },
    ],
    suite: 'test/consistency/v07',
  },
  {
    name: 'a rollback is taken for a commit',
    changes: [
      {
        file: 'libs/cache/src/repository/typeorm/transaction-journal.ts',
        find: '  rollback(connection: QueryRunnerShape): void {\n    this.#framesOf(connection).pop();',
        replace: '  rollback(connection: QueryRunnerShape): void {\n    void this.commit(connection);',
      },
    ],
    suite: 'test/consistency/v12',
  },
  {
    name: 'changes are told before the commit',
    changes: [
      {
        file: 'libs/cache/src/repository/typeorm/transaction-journal.ts',
        find: 'if (connection?.isTransactionActive !== true) {',
        replace: 'if (connection !== null) {',
      },
    ],
    suite: 'test/consistency/v12',
  },
  {
    name: 'failed loads are not told of',
    changes: [
      {
        file: engine('read-through/load-run.ts'),
        find: 'await this.#release(missing, terms);',
        replace: 'await this.#release(missing);',
      },
    ],
    suite: 'test/consistency/v13',
  },
  {
    name: 'stale copies live too long',
    changes: [
      {
        file: engine('entry/lifetime.ts'),
        find: 'freshUntilMs + extraTimeMs(options)',
        replace: 'freshUntilMs + 1.3 * extraTimeMs(options)',
      },
    ],
    suite: 'test/consistency/v13',
  },
  {
    name: 'an evict leaves a stale copy',
    changes: [
      {
        file: engine('invalidation/invalidator.ts'),
        find: 'this.#deleted(keys, () => this.context.authority.delete(keys));',
        replace: `this.#deleted(keys, async () => {
      for (const key of keys) await this.context.authority.expire(key);
      return keys.length;
    });`,
      },
    ],
    suite: 'test/consistency/v13',
  },
  {
    name: 'a stopped process may fill late',
    changes: [
      {
        file: engine('scripts/fill-value.script.ts'),
        find: `if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end`,
        replace: '',
      },
      {
        file: engine('scripts/fill-value.script.ts'),
        find: 'if header ~= ARGV[2] then',
        replace: 'if false then',
      },
      {
        file: engine('read-through/entry-writer.ts'),
        find: 'return this.context.memory.changes.isChangedHere(key, start.stamp);',
        replace: 'return start.stamp < 0 && key === this.context.name;',
      },
    ],
    suite: 'test/consistency/v05',
  },
  {
    name: 'every process loads',
    changes: [
      {
        file: engine('leases/redis-leases.ts'),
        find: "...(isForced ? [] : ['NX'])",
        replace: '...(isForced ? [] : [])',
      },
    ],
    suite: 'test/consistency/v04',
  },
  {
    name: 'clear forgets nothing elsewhere',
    changes: [
      {
        file: engine('coherence/change-hearer.ts'),
        find: '    this.parts.versions.forgetClear();\n',
        replace: '',
      },
    ],
    suite: 'test/consistency/v01',
  },
];
