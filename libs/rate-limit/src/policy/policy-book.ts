import { compilePolicy, type CompiledPolicy } from './compiled-policy.js';
import { InvalidPolicyError } from './invalid-policy.error.js';
import type { LimitPolicy, WhenAway } from './limit-policy.js';
import type { PolicySelection } from './policy-plans.js';
import { UnknownPolicyError } from './unknown-policy.error.js';

/** How many policies that are made at requests are kept compiled; one more, and the oldest is compiled again when needed. */
const MAX_KEPT = 1_000;

/** The policies of a limiter, and those that requests bring along, each compiled once. */
export class PolicyBook {
  /** All that were declared and are not off. */
  readonly declared: readonly CompiledPolicy[];
  readonly #byName: ReadonlyMap<string, CompiledPolicy>;
  readonly #byObject = new WeakMap<LimitPolicy, CompiledPolicy>();
  readonly #byText = new Map<string, CompiledPolicy>();
  readonly #bySelection = new WeakMap<PolicySelection, readonly CompiledPolicy[]>();
  readonly #compile: (policy: LimitPolicy) => CompiledPolicy;

  /** @throws InvalidPolicyError, also for two policies of one name */
  constructor(policies: readonly LimitPolicy[], whenAway: WhenAway, localShare: number) {
    this.#compile = (policy) => compilePolicy(policy, whenAway, localShare);
    const compiled = policies.map(this.#compile);
    refuseTwins(compiled);
    this.declared = Object.freeze(compiled.filter(({ isOff }) => !isOff));
    this.#byName = new Map(compiled.map((policy) => [policy.name, policy]));
  }

  get(name: string): CompiledPolicy | undefined {
    return this.#byName.get(name);
  }

  /**
   * Those of a selection that are not off. A frozen selection is looked through once; policies are taken for the same if
   * they have the same text.
   *
   * @throws UnknownPolicyError, InvalidPolicyError
   */
  select(selection: PolicySelection): readonly CompiledPolicy[] {
    const known = this.#bySelection.get(selection);
    if (known !== undefined) return known;
    const compiled = selection.map((one) => (typeof one === 'string' ? this.#named(one) : this.#compiled(one)));
    refuseTwins(compiled);
    const active = compiled.filter(({ isOff }) => !isOff);
    if (Object.isFrozen(selection)) this.#bySelection.set(selection, active);
    return active;
  }

  #named(name: string): CompiledPolicy {
    const policy = this.#byName.get(name);
    if (policy === undefined) throw new UnknownPolicyError('policy', name, [...this.#byName.keys()]);
    return policy;
  }

  #compiled(policy: LimitPolicy): CompiledPolicy {
    const frozen = Object.isFrozen(policy);
    const known = frozen ? this.#byObject.get(policy) : undefined;
    if (known !== undefined) return known;
    const text = JSON.stringify(policy);
    const compiled = this.#byText.get(text) ?? this.#compile({ ...policy });
    this.#byText.delete(text);
    this.#byText.set(text, compiled);
    if (frozen) this.#byObject.set(policy, compiled);
    if (this.#byText.size > MAX_KEPT) this.#forgetOldest();
    return compiled;
  }

  #forgetOldest(): void {
    for (const text of this.#byText.keys()) {
      this.#byText.delete(text);
      return;
    }
  }
}

function refuseTwins(policies: readonly CompiledPolicy[]): void {
  policies.forEach(({ name }, index) => {
    if (policies.findIndex((other) => other.name === name) === index) return;
    const message = `is the name of two policies. Give each its own: a limit is kept under its name`;
    throw new InvalidPolicyError(name, [{ path: 'name', message }]);
  });
}
