import { Injectable, Module } from '@nestjs/common';
import { CacheModule, CacheService } from '@nest-strata/cache';

/** What takes long, and should not be done twice. */
export abstract class Reports {
  abstract build(month: string): Promise<string>;
}

// #region quick-start
@Injectable()
export class ReportService {
  constructor(
    private readonly reports: Reports,
    private readonly cache: CacheService,
  ) {}

  async monthly(month: string): Promise<string> {
    return this.cache.getOrSet(`report:${month}`, () => this.reports.build(month), { ttl: '1d', tags: ['reports'] });
  }

  async rebuild(): Promise<void> {
    await this.cache.deleteByTag('reports');
  }
}

@Module({ imports: [CacheModule.forRoot()], providers: [ReportService] })
export class ReportModule {}
// #endregion
