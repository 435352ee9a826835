import type { InjectionToken } from '@nestjs/common';

/** What a token is called in messages. */
export function labelOf(token: InjectionToken): string {
  if (typeof token === 'symbol') return token.description ?? 'a nameless symbol';
  return typeof token === 'function' ? token.name : token;
}
