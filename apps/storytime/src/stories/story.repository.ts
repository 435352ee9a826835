import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { ArrayContains, type FindOptionsOrder, Repository } from 'typeorm';
import { EntityRepository } from '../database/entity.repository.js';
import type { Language } from '../language.js';
import { Story } from './story.entity.js';

@Injectable()
export class StoryRepository extends EntityRepository<Story> {
  protected override readonly order: FindOptionsOrder<Story> = { createdAt: 'DESC', id: 'ASC' };

  constructor(@InjectRepository(Story) rows: Repository<Story>) {
    super(rows);
  }

  findByChild(childId: string): Promise<Story[]> {
    return this.find({ childId });
  }

  findByLanguage(language: Language): Promise<Story[]> {
    return this.find({ language });
  }

  findByHero(heroId: string): Promise<Story[]> {
    return this.find({ heroIds: ArrayContains([heroId]) });
  }
}
