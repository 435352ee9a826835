/** The examples of docs/freshness.md, compiled. */
import { Injectable } from '@nestjs/common';
import { Cacheable, CacheModule, CacheService } from '@nest-strata/cache';

interface Forecast {
  readonly city: string;
  readonly celsius: number;
}

interface Price {
  readonly cents: number;
  readonly revision: number;
}

declare function forecastOf(city: string, signal?: AbortSignal): Promise<Forecast>;
declare function priceOf(product: string): Promise<Price | null>;
declare function askCatalogue(etag: string | undefined): Promise<{
  readonly status: 200 | 304;
  readonly etag: string;
  readonly products: string[];
}>;
declare const cache: CacheService;

// #region defaults
export const patientCache = CacheModule.forRoot({
  ttl: '5m',
  grace: '1h', // a loader that fails costs nobody an error for an hour
  staleWhileRevalidate: '1m', // and one that is slow costs nobody a wait for a minute
  hardTimeout: '5s',
  caches: {
    prices: { ttl: '10s', grace: '0ms', staleWhileRevalidate: '0ms' }, // never older than ten seconds
  },
});
// #endregion

// #region decorator
@Injectable()
export class WeatherService {
  @Cacheable({
    key: (city: string) => `forecast:${city}`,
    ttl: '10m',
    refreshAhead: 0.8, // who reads after eight minutes has it renewed for the others
    grace: '6h',
    softTimeout: '300ms', // nobody waits longer than that for a forecast where there is one of today
    fallback: (_error: unknown, city: string) => ({ city, celsius: NaN }),
  })
  async forecast(city: string): Promise<Forecast> {
    return forecastOf(city);
  }
}
// #endregion

// #region timeouts
await cache.getOrSet('forecast:oslo', ({ signal }) => forecastOf('oslo', signal), {
  grace: '6h',
  softTimeout: '300ms', // then the copy, if there is one within its grace
  hardTimeout: '2s', // then the copy, the fallback or a LoadTimeoutError
});
// #endregion

// #region conditional
const products = await cache.getOrSet(
  'catalogue',
  async (context) => {
    const answer = await askCatalogue(context.stale?.etag);
    if (answer.status === 304) return context.notModified(); // the copy is fresh again, and its bytes stay where they are
    context.etag = answer.etag;
    return answer.products;
  },
  { ttl: '1m', grace: '1d' },
);
// #endregion
export { products };

// #region negative
const price = await cache.getOrSet('price:lamp', () => priceOf('lamp'), { ttl: '1h', negativeTtl: '30s' });
// #endregion
export { price };

// #region sliding
const sessions = cache.namespace('sessions', { slidingTtl: '30m', ttl: '12h' });
await sessions.set('42', { user: 'ada' });
await sessions.get('42'); // half an hour more, until it is twelve hours old
// #endregion

// #region version
await cache.getOrSet('price:lamp', async (context) => {
  const loaded = await priceOf('lamp');
  context.version = loaded?.revision;
  return loaded;
});
await cache.set('price:lamp', { cents: 900, revision: 7 }, { version: 7 }); // refused where revision 8 is stored
await cache.delete('price:lamp', { version: 8 }); // and revision 7 cannot come back
// #endregion
