import { Cacheable } from '@nest-strata/cache';
import { Injectable, NotFoundException } from '@nestjs/common';
import { InjectEntityManager } from '@nestjs/typeorm';
import { EntityManager } from 'typeorm';
import { ChildRepository } from '../children/child.repository.js';
import { RECOMMENDATIONS } from './recommendations.cache.js';
import { rankStories } from './rank-stories.js';
import type { Recommendation } from './recommendation.js';

const HOW_MANY = 5;

@Injectable()
export class RecommendationsService {
  constructor(
    private readonly children: ChildRepository,
    @InjectEntityManager() private readonly database: EntityManager,
  ) {}

  /**
   * The stories that the child should hear next, the best match first. Every write that concerns them evicts them; those
   * that are merely old are given at once and ranked anew in the background, as nobody waits for that at bedtime.
   */
  @Cacheable({
    key: (childId: string) => `recommendations:${childId}`,
    ttl: '5m',
    staleWhileRevalidate: '1h',
    tags: [RECOMMENDATIONS],
  })
  async recommendationsFor(childId: string): Promise<readonly Recommendation[]> {
    if (!(await this.children.findById(childId))) throw new NotFoundException(`There is no child "${childId}".`);
    return (await rankStories(this.database, childId)).slice(0, HOW_MANY);
  }
}
