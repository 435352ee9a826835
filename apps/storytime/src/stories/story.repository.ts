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

  /** Asks the database whatever is cached, for a child that is about to be deleted. */
  async idsByChild(childId: string): Promise<string[]> {
    return (await this.rows.find({ select: { id: true }, where: { childId } })).map(({ id }) => id);
  }

  /** Asks the database whatever is cached, for a hero that is about to be deleted. */
  async castsWithHero(heroId: string): Promise<Pick<Story, 'id' | 'heroIds'>[]> {
    return this.rows.find({ select: { id: true, heroIds: true }, where: { heroIds: ArrayContains([heroId]) } });
  }
}
