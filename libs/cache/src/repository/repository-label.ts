import type { InjectionToken } from '@nestjs/common';

/** What a token is called in messages. */
export function labelOf(token: InjectionToken): string {
  if (typeof token === 'function') return token.name;
  return typeof token === 'symbol' ? (token.description ?? 'a nameless symbol') : String(token);
}
