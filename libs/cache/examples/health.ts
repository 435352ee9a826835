import { Controller, Get, Injectable, Logger, Module } from '@nestjs/common';
import { EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { CacheHealthIndicator, CacheModule } from '@nest-strata/cache';
import type { CacheEvent } from '@nest-strata/cache';

// #region health
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly cache: CacheHealthIndicator,
  ) {}

  @Get('ready')
  ready() {
    return this.health.check([() => this.cache.isHealthy()]);
  }

  @Get('live')
  live() {
    return this.health.check([() => this.cache.isHealthy('cache', { failOn: [] })]);
  }
}
// #endregion

// #region events
@Injectable()
export class SlowLoads {
  private readonly logger = new Logger(SlowLoads.name);

  @OnEvent('cache.load')
  onLoad(event: Extract<CacheEvent, { type: 'load' }>): void {
    if (event.durationMs > 500) this.logger.warn('a slow load', { cache: event.cache, durationMs: event.durationMs });
  }
}
// #endregion

@Module({
  imports: [CacheModule.forRoot(), TerminusModule.forRoot({ logger: false }), EventEmitterModule.forRoot()],
  controllers: [HealthController],
  providers: [SlowLoads],
})
export class ObservedModule {}
