import { beforeEach, describe, expect, it } from '@jest/globals';
import { KeyWatch } from '@nest-strata/redis';
import type { KeyWatchListener } from '@nest-strata/redis';
import { ChaosKeyWatch } from './chaos-key-watch.js';
import { ChaosNotifications } from './chaos-notifications.js';

/** A watch that hears what the test says. */
class SpokenWatch extends KeyWatch {
  override mode = 'tracking' as const;
  override heardUpToMs = 10;
  override lagMs = 1;
  override losses = 2;
  override announcement = { channel: 'c', source: 's' };
  readonly followed: string[] = [];
  isClosed = false;

  override follow(prefixes: readonly string[]): void {
    this.followed.push(...prefixes);
  }

  override async close(): Promise<void> {
    this.isClosed = true;
  }
}

describe('ChaosNotifications', () => {
  let notifications: ChaosNotifications;
  let inner: SpokenWatch;
  let watch: ChaosKeyWatch;
  let listener: KeyWatchListener;
  let heard: string[];

  beforeEach(() => {
    heard = [];
    notifications = new ChaosNotifications();
    listener = notifications.before({
      changed: (keys) => heard.push(`changed ${keys.join()}`),
      armed: (prefixes) => heard.push(`armed ${prefixes.join()}`),
      lost: (reason) => heard.push(`lost ${reason}`),
    });
    inner = new SpokenWatch();
    watch = new ChaosKeyWatch(inner, notifications);
  });

  it('delivers everything on the spot at first', () => {
    listener.armed(['p']);
    listener.changed(['a', 'b']);
    listener.lost('r');
    expect(heard).toEqual(['armed p', 'changed a,b', 'lost r']);
    inner.heardUpToMs = 11;
    expect(watch.heardUpToMs).toBe(11);
  });

  it('holds everything back, says that it is behind, and delivers in order', async () => {
    const arrival = notifications.arrival();
    notifications.hold();
    inner.heardUpToMs = 20;
    listener.changed(['a']);
    listener.lost('r');
    await Promise.all([arrival, notifications.arrival()]);
    notifications.hold();
    expect([heard, notifications.heldCount, watch.heardUpToMs]).toEqual([[], 2, 10]);
    notifications.deliver();
    expect([heard, notifications.heldCount, watch.heardUpToMs]).toEqual([['changed a', 'lost r'], 0, 20]);
    listener.changed(['b']);
    expect(heard).toHaveLength(3);
  });

  it('drops changes, and nothing else, without a word', () => {
    notifications.drop();
    inner.heardUpToMs = 20;
    listener.changed(['a']);
    listener.lost('r');
    expect([heard, watch.heardUpToMs]).toEqual([['lost r'], 20]);
    notifications.deliver();
    listener.changed(['b']);
    expect(heard).toEqual(['lost r', 'changed b']);
  });

  it('is sure of nothing for a watch that is opened while it holds', () => {
    notifications.hold();
    const later = new ChaosKeyWatch(new SpokenWatch(), notifications);
    expect(later.heardUpToMs).toBe(-Infinity);
    notifications.deliver();
    expect(later.heardUpToMs).toBe(10);
  });

  it('leaves the rest to the watch', async () => {
    const { mode, lagMs, losses, announcement } = watch;
    expect({ mode, lagMs, losses, announcement }).toEqual({
      mode: 'tracking',
      lagMs: 1,
      losses: 2,
      announcement: { channel: 'c', source: 's' },
    });
    watch.follow(['p']);
    await watch.close();
    expect([inner.followed, inner.isClosed]).toEqual([['p'], true]);
  });
});
