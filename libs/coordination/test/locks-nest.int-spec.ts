import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { TestingModule } from '@nestjs/testing';
import { LockService } from '@nest-strata/coordination';
import type { Lock } from '@nest-strata/coordination';
import { attachLocks, Locked, LockModule } from '@nest-strata/coordination/nest';
import { createRedis } from '@nest-strata/redis';
import { RedisServer } from '@nest-strata/testing';

@Injectable()
class Stories {
  inside = 0;
  most = 0;

  constructor(readonly locks: LockService) {}

  @Locked({ key: (childId: string) => `story:${childId}`, ttl: '5s' })
  async tell(childId: string, title: string): Promise<string> {
    this.most = Math.max(this.most, ++this.inside);
    await new Promise((resolve) => setImmediate(resolve));
    this.inside--;
    return `${title} for ${childId}`;
  }

  @Locked({ key: (childId: string) => `story:${childId}` })
  async tellTwice(childId: string): Promise<string> {
    return this.tell(childId, 'again');
  }

  @Locked({ key: 'all', wait: 'none' })
  async hold(during: (lock: Lock | undefined) => Promise<void>): Promise<void> {
    await during(this.locks.current('all'));
  }

  @Locked({ key: 'all', reenter: true })
  async goOn(): Promise<Lock | undefined> {
    return this.locks.current();
  }
}

@Injectable()
class Plain {
  @Locked({ key: 'plain' })
  async act(): Promise<void> {}
}

describe('LockModule', () => {
  let redis: RedisServer;
  let app: TestingModule;
  let stories: Stories;

  beforeAll(async () => {
    redis = await RedisServer.start();
    const locks = LockModule.forRoot({ namespace: 'stories', redis: { url: redis.url, deadline: '2s' } });
    app = await Test.createTestingModule({ imports: [locks], providers: [Stories] }).compile();
    await app.init();
    stories = app.get(Stories);
  });

  afterAll(async () => {
    await app.close();
    await redis.stop();
  });

  it('runs decorated methods one after the other, key by key', async () => {
    const told = await Promise.all(['Ada', 'Ada', 'Ada', 'Ada'].map((child) => stories.tell(child, 'The Bear')));
    expect(told).toEqual(told.map(() => 'The Bear for Ada'));
    expect(stories.most).toBe(1);
    await Promise.all(Array.from({ length: 8 }, (_, child) => stories.tell(String(child), 'The Bear')));
    expect(stories.most).toBeGreaterThan(1);
  });

  it('lets a method find its lock, and refuses it to others meanwhile', async () => {
    await stories.hold(async (lock) => {
      expect(lock?.key).toBe('all');
      expect(lock?.isHeld).toBe(true);
      await expect(stories.hold(async () => {})).rejects.toMatchObject({ code: 'LOCK_CONTENDED' });
    });
  });

  it('refuses a method that would wait for itself, and lets one go on that says so', async () => {
    await expect(stories.tellTwice('Bob')).rejects.toMatchObject({ code: 'LOCK_REENTRY' });
    await stories.hold(async (lock) => {
      expect(await stories.goOn()).toBe(lock);
    });
    expect(await stories.goOn()).toMatchObject({ key: 'all' });
  });

  it('keeps the name of a method', () => {
    expect(stories.tell.name).toBe('tell');
    expect(stories.tell).toHaveLength(2);
  });

  it('takes its options from a factory, and a port that stays open', async () => {
    const port = createRedis({ url: redis.url });
    const imports = [LockModule.forRootAsync({ useFactory: () => ({ namespace: 'async', redis: port }) })];
    const other = await Test.createTestingModule({ imports }).compile();
    await other.get(LockService).withLock('k', () => undefined);
    await other.close();
    expect(String(await port.send('PING', []))).toBe('PONG');
    await port.close();
  });

  it('ends the boot of an application that lacks it', async () => {
    @Module({ providers: [Plain] })
    class App {}
    await expect(Test.createTestingModule({ imports: [App] }).compile()).rejects.toThrow(
      'Plain.act is locked: add LockModule.forRoot(…) to the imports of the root module',
    );
  });

  it('does not run a method without its lock on an instance that Nest did not make', async () => {
    await expect(new Plain().act()).rejects.toMatchObject({ code: 'MISSING_LOCK_SERVICE' });
    await attachLocks(new Plain(), app.get(LockService)).act();
  });

  it('refuses a decorator without a key', () => {
    expect(() => Locked({} as never)).toThrow('is missing. Write @Locked({ key');
  });

  it('lets the compiler compare the arguments of the key with those of the method', () => {
    class Wrong {
      // @ts-expect-error the key takes a number, and the method a string
      @Locked({ key: (id: number) => `story:${id}` })
      async act(id: string): Promise<string> {
        return id;
      }
    }
    expect(Wrong).toBeDefined();
  });
});
