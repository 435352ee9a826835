import { Injectable } from '@nestjs/common';
import { ChildRepository } from '../children/child.repository.js';
import { HeroRepository } from '../heroes/hero.repository.js';
import { StoryView } from './dto/story.view.js';
import type { Story } from './story.entity.js';

/** Puts stories together with their children and heroes, each fetched once for all stories. */
@Injectable()
export class StoryPresenter {
  constructor(
    private readonly children: ChildRepository,
    private readonly heroes: HeroRepository,
  ) {}

  async show(stories: readonly Story[]): Promise<StoryView[]> {
    const [children, heroes] = await Promise.all([
      this.children.findByIds(unique(stories.map((story) => story.childId))),
      this.heroes.findByIds(unique(stories.flatMap((story) => story.heroIds))),
    ]);
    const childOf = byId(children);
    const heroOf = byId(heroes);
    return stories.map(
      (story) =>
        new StoryView(
          story,
          childOf.get(story.childId),
          story.heroIds.flatMap((id) => heroOf.get(id) ?? []),
        ),
    );
  }

  async showOne(story: Story): Promise<StoryView> {
    const [view] = (await this.show([story])) as [StoryView];
    return view;
  }
}

function unique(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

function byId<E extends { id: string }>(entities: readonly E[]): Map<string, E> {
  return new Map(entities.map((entity) => [entity.id, entity]));
}
