import { KeyWatch } from '@nest-strata/redis';
import type { KeyAnnouncement, KeyWatchMode } from '@nest-strata/redis';
import type { ChaosNotifications } from './chaos-notifications.js';

/** A watch whose news takes the way through {@link ChaosNotifications}. */
export class ChaosKeyWatch extends KeyWatch {
  readonly #watch: KeyWatch;
  readonly #notifications: ChaosNotifications;

  constructor(watch: KeyWatch, notifications: ChaosNotifications) {
    super();
    this.#watch = watch;
    this.#notifications = notifications;
    notifications.add(watch);
  }

  override get mode(): KeyWatchMode | undefined {
    return this.#watch.mode;
  }

  override get heardUpToMs(): number {
    return this.#notifications.heardUpToMs(this.#watch);
  }

  override get lagMs(): number | undefined {
    return this.#watch.lagMs;
  }

  override get losses(): number {
    return this.#watch.losses;
  }

  override get announcement(): KeyAnnouncement | undefined {
    return this.#watch.announcement;
  }

  override follow(prefixes: readonly string[]): void {
    this.#watch.follow(prefixes);
  }

  override close(): Promise<void> {
    this.#notifications.remove(this.#watch);
    return this.#watch.close();
  }
}
