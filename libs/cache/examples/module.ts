import { Injectable, Module } from '@nestjs/common';
import { CacheModule, CacheService, InjectCache } from '@nest-strata/cache';
import type { CacheOptionsFactory, CacheSettings } from '@nest-strata/cache';

// #region with-redis
export const withRedis = CacheModule.forRoot({
  namespace: 'shop', // every key in Redis begins with strata:shop:
  redis: { url: 'redis://localhost:6379' },
  ttl: '10m',
  jitter: 0.1,
  compression: { thresholdBytes: 4096 },
});
// #endregion

// #region async
@Injectable()
class CacheOptions implements CacheOptionsFactory {
  async createCacheOptions(): Promise<CacheSettings> {
    return { namespace: 'shop', redis: { url: await urlFromTheVault() } };
  }
}

export const withFactoryClass = CacheModule.forRootAsync({
  useClass: CacheOptions,
  caches: { sessions: { ttl: '30m' } }, // isGlobal and caches stand beside the factory
});
// #endregion

async function urlFromTheVault(): Promise<string> {
  return Promise.resolve('redis://localhost:6379');
}

// #region named
@Injectable()
export class RateService {
  constructor(@InjectCache('rates') private readonly rates: CacheService) {}

  async rate(currency: string): Promise<number> {
    return this.rates.getOrSet(currency, async () => fetchRate(currency));
  }

  async forget(): Promise<void> {
    await this.rates.clear(); // nothing but the rates
  }
}

@Module({
  imports: [CacheModule.forFeature([{ cache: 'rates', ttl: '1m', memory: { maxEntries: 200 } }])],
  providers: [RateService],
})
export class RateModule {}
// #endregion

async function fetchRate(currency: string): Promise<number> {
  return Promise.resolve(currency.length);
}
