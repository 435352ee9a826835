import type { Evict } from './evict.js';
import { covers, merged } from './merged-evicts.js';

const FIRST_CAPACITY = 64;
const CLEAR: Evict = { kind: 'clear' };

/**
 * The evicts that Redis acknowledged lately, so that they can be repeated when a failover has lost them.
 *
 * It keeps those of the last `windowMs` before the latest, whenever that was, and at most `maxEvicts`; what it had to
 * forget it knows of. A key alone is a string, and appending moves nothing: it costs as little as a write to an array.
 */
export class EvictLog {
  /** A ring that grows; a string is a key without a floor. */
  #evicts: (string | Evict | undefined)[] = [];
  #acknowledgedAtMs = new Float64Array(0);
  #first = 0;
  #length = 0;
  #forgottenUpToMs: number | undefined;

  constructor(
    private readonly windowMs: number,
    private readonly maxEvicts: number,
  ) {}

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** `nowMs` is a moment of the monotonic clock after the acknowledgement; moments never go back. */
  append(evict: Evict, nowMs: number): void {
    this.#push(evict.kind === 'key' && evict.floor === undefined ? evict.key : evict, nowMs);
  }

  /** As {@link append}, without making an object. A write of a key counts as its evict. */
  appendKey(key: string, nowMs: number): void {
    this.#push(key, nowMs);
  }

  /**
   * What was acknowledged at `sinceMs` or later, each once, in the order in which it last was. When everything was evicted
   * since, that and the floors; `clear` where there are none, or when something since may be forgotten.
   */
  since(sinceMs: number): readonly Evict[] | 'clear' {
    if (this.#forgottenUpToMs !== undefined && this.#forgottenUpToMs >= sinceMs) return 'clear';
    const latest = new Map<string, Evict>();
    let isCleared = false;
    for (let at = 0; at < this.#length; at++) {
      const slot = this.#slot(at);
      if ((this.#acknowledgedAtMs[slot] as number) < sinceMs) continue;
      const logged = this.#evicts[slot] as string | Evict;
      const evict: Evict = typeof logged === 'string' ? { kind: 'key', key: logged } : logged;
      if (evict.kind === 'clear') {
        isCleared = true;
        continue;
      }
      const name = nameOf(evict);
      const older = latest.get(name);
      latest.delete(name);
      latest.set(name, older === undefined ? evict : merged(older, evict));
    }
    if (!isCleared) return [...latest.values()];
    const floors = [...latest.values()].filter((evict) => !covers(CLEAR, evict));
    return floors.length === 0 ? 'clear' : [CLEAR, ...floors];
  }

  #push(evict: string | Evict, nowMs: number): void {
    while (this.#length > 0 && (this.#acknowledgedAtMs[this.#first] as number) < nowMs - this.windowMs) {
      this.#forgetFirst();
    }
    if (this.#length === this.maxEvicts) this.#forgetFirst();
    else if (this.#length === this.#evicts.length) this.#grow();
    const slot = this.#slot(this.#length++);
    this.#evicts[slot] = evict;
    this.#acknowledgedAtMs[slot] = nowMs;
  }

  #forgetFirst(): void {
    this.#forgottenUpToMs = this.#acknowledgedAtMs[this.#first];
    this.#evicts[this.#first] = undefined;
    this.#first = this.#slot(1);
    this.#length--;
  }

  #slot(at: number): number {
    return (this.#first + at) % this.#evicts.length;
  }

  #grow(): void {
    const capacity = Math.min(Math.max(FIRST_CAPACITY, 2 * this.#length), this.maxEvicts);
    const evicts = new Array<string | Evict | undefined>(capacity);
    const acknowledgedAtMs = new Float64Array(capacity);
    for (let at = 0; at < this.#length; at++) {
      evicts[at] = this.#evicts[this.#slot(at)];
      acknowledgedAtMs[at] = this.#acknowledgedAtMs[this.#slot(at)] as number;
    }
    this.#evicts = evicts;
    this.#acknowledgedAtMs = acknowledgedAtMs;
    this.#first = 0;
  }
}

/** Of no two different ones the same. */
function nameOf(evict: Exclude<Evict, { kind: 'clear' }>): string {
  if (evict.kind === 'key') return `k${evict.key}`;
  return evict.kind === 'tag' ? `t${evict.tag}` : `p${evict.glob}`;
}
