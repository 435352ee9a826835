import type { PolicyResult, RateLimitResult } from './rate-limit-result.js';
import { TopOffenders, type Offender } from './top-offenders.js';

/** How often a policy denied in this process, since it began. */
export interface PolicyViolations {
  readonly policy: string;
  readonly denials: number;
  /** Those of a policy that only watches. */
  readonly shadowDenials: number;
}

/** Counts denials: by policy, and by subject as far as fixed memory allows. */
export class Violations {
  readonly #byPolicy = new Map<string, { denials: number; shadowDenials: number }>();
  readonly #offenders: TopOffenders;

  constructor(maxOffenders: number) {
    this.#offenders = new TopOffenders(maxOffenders);
  }

  count({ policies }: RateLimitResult): void {
    for (const result of policies) {
      if (result.denial !== undefined) this.#countOne(result);
    }
  }

  /** A denial of the subject itself, because it is blocked. */
  countBlocked(subject: string): void {
    this.#offenders.add(subject);
  }

  list(): readonly PolicyViolations[] {
    return [...this.#byPolicy].map(([policy, counts]) => ({ policy, ...counts }));
  }

  offenders(count: number): readonly Offender[] {
    return this.#offenders.list(count);
  }

  #countOne({ policy, subject, isShadowDenial }: PolicyResult): void {
    const counts = this.#byPolicy.get(policy) ?? { denials: 0, shadowDenials: 0 };
    this.#byPolicy.set(policy, counts);
    if (isShadowDenial) counts.shadowDenials++;
    else counts.denials++;
    if (!isShadowDenial) this.#offenders.add(subject);
  }
}
