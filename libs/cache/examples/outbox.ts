/** The examples of docs/outbox.md, compiled. */
import { Injectable, Module } from '@nestjs/common';
import { CacheModule } from '@nest-strata/cache';
import { DataSource } from 'typeorm';

class Hero {
  id!: number;
  level!: number;
}

// #region module
@Module({
  imports: [
    CacheModule.forRoot({
      namespace: 'shop',
      redis: { url: 'redis://localhost:6379' },
      outbox: true, // or { table: 'cache.evictions', interval: '5s' }
    }),
  ],
})
export class AppModule {}
// #endregion

// #region transaction
@Injectable()
export class HeroPromotions {
  constructor(private readonly dataSource: DataSource) {}

  async promoteAll(): Promise<void> {
    await this.dataSource.transaction(async (manager) => {
      await manager.createQueryBuilder().update(Hero).set({ level: 2 }).where('level = 1').execute();
      await manager.query(`UPDATE hero SET level = 3 WHERE name LIKE 'Sir %'`);
    });
  }
}
// #endregion
