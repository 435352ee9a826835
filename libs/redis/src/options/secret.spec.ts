import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { Secret } from './secret.js';

describe('Secret', () => {
  it('shows itself only to who asks for it', () => {
    const secret = new Secret('s3cret');
    const shown = [
      String(secret),
      JSON.stringify({ secret }),
      inspect({ secret }, { showHidden: true }),
      Object.values(secret).join(),
    ];
    expect(shown.join()).not.toContain('s3cret');
    expect(secret.reveal()).toBe('s3cret');
  });
});
