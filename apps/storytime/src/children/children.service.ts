import { randomUUID } from 'node:crypto';
import { Injectable, NotFoundException } from '@nestjs/common';
import { EvictsRecommendations } from '../recommendations/recommendations.cache.js';
import { StoryRepository } from '../stories/story.repository.js';
import { parseDay } from './calendar-day.js';
import { Child } from './child.entity.js';
import { ChildRepository } from './child.repository.js';
import type { ChildFilter } from './dto/child.filter.js';
import type { CreateChildDto } from './dto/create-child.dto.js';
import type { UpdateChildDto } from './dto/update-child.dto.js';

@Injectable()
export class ChildrenService {
  constructor(
    private readonly children: ChildRepository,
    private readonly stories: StoryRepository,
  ) {}

  /** Asks the narrowest finder that the filter allows, and leaves out of its answer what the rest of the filter excludes. */
  async list(filter: ChildFilter): Promise<Child[]> {
    return (await this.candidates(filter)).filter(
      (child) =>
        (filter.age === undefined || child.age === filter.age) &&
        (filter.gender === undefined || child.gender === filter.gender) &&
        (filter.interest === undefined || child.interests.includes(filter.interest)),
    );
  }

  async get(id: string): Promise<Child> {
    return (await this.children.findById(id)) ?? unknownChild(id);
  }

  create(dto: CreateChildDto): Promise<Child> {
    return this.children.save(Object.assign(new Child(), complete(dto), { id: randomUUID() }));
  }

  /** Gives the child these fields and no others. */
  @EvictsRecommendations
  async replace(id: string, dto: CreateChildDto): Promise<Child> {
    return (await this.children.update(id, complete(dto))) ?? unknownChild(id);
  }

  @EvictsRecommendations
  async change(id: string, dto: UpdateChildDto): Promise<Child> {
    const { birthday, ...changes } = dto;
    return (await this.children.update(id, { ...changes, birthday: dateOf(birthday) })) ?? unknownChild(id);
  }

  /** Deletes the child together with its stories. */
  @EvictsRecommendations
  async delete(id: string): Promise<void> {
    await this.stories.deleteMany(await this.stories.idsByChild(id));
    if (!(await this.children.delete(id))) unknownChild(id);
  }

  private candidates({ name, age, gender, interest }: ChildFilter): Promise<Child[]> {
    if (name !== undefined && age !== undefined && gender !== undefined) {
      return this.children.findByNameAgeGender(name, age, gender);
    }
    if (name !== undefined) return this.children.findByName(name);
    if (interest !== undefined) return this.children.findByInterest(interest);
    return this.children.findAll();
  }
}

function complete(dto: CreateChildDto): Omit<Child, 'id' | 'createdAt'> {
  const { name, age, gender, interests = [], birthday } = dto;
  return { name, age, gender, interests, birthday: dateOf(birthday) ?? null };
}

function dateOf(day: string | null | undefined): Date | null | undefined {
  return typeof day === 'string' ? parseDay(day) : day;
}

function unknownChild(id: string): never {
  throw new NotFoundException(`There is no child "${id}".`);
}
