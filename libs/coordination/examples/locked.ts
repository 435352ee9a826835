import { Injectable, Module } from '@nestjs/common';
import { LockService } from '@nest-strata/coordination';
import { Locked, LockModule } from '@nest-strata/coordination/nest';

// #region locked
@Injectable()
export class StoryService {
  constructor(private readonly locks: LockService) {}

  @Locked({ key: (childId: string) => `story:${childId}`, wait: '5s' })
  async tell(childId: string, title: string): Promise<string> {
    const lock = this.locks.current(); // the lock that this runs under
    return `${title}, for ${childId} (${lock?.fence ?? ''})`;
  }
}

@Module({
  imports: [LockModule.forRoot({ namespace: 'storytime', redis: { url: 'redis://localhost:6379' } })],
  providers: [StoryService],
})
export class AppModule {}
// #endregion
