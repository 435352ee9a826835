import { describe, expect, it } from '@jest/globals';
import { InvalidPolicyError } from './invalid-policy.error.js';
import type { LimitPolicy } from './limit-policy.js';
import { policiesByPlan } from './policy-plans.js';
import { UnknownPolicyError } from './unknown-policy.error.js';

const FREE: LimitPolicy = { name: 'api', algorithm: 'leaky-bucket', limit: 60, window: '1m' };
const PRO: LimitPolicy = { ...FREE, limit: 600 };

describe('policiesByPlan', () => {
  it('gives the policies of the plan, asking once', async () => {
    let asked = 0;
    const resolve = policiesByPlan({ free: [FREE], pro: [PRO, 'global'] }, async ({ context }) => {
      asked++;
      return context === 'rich' ? 'pro' : 'free';
    });
    expect(await resolve({ subject: 'a', context: 'rich' })).toEqual([PRO, 'global']);
    expect(await resolve({ subject: 'b', context: undefined })).toEqual([FREE]);
    expect(asked).toBe(2);
  });

  it('refuses a plan that nobody declared, also one that every object has', async () => {
    const resolve = policiesByPlan({ free: [FREE] }, ({ subject }) => subject as 'free');
    await expect(resolve({ subject: 'gold', context: undefined })).rejects.toThrow(UnknownPolicyError);
    await expect(resolve({ subject: 'constructor', context: undefined })).rejects.toThrow(
      'There is no plan "constructor": declared are free.',
    );
  });

  it('refuses a policy that is not valid before the first request', () => {
    expect(() => policiesByPlan({ free: [{ ...FREE, name: '' }] }, () => 'free')).toThrow(InvalidPolicyError);
  });
});
