import { describe, expect, it } from '@jest/globals';
import { TrackedTables } from './tracked-tables.js';
import type { EntityMetadataShape, ForeignKeyShape } from './typeorm-shapes.js';

interface Table extends EntityMetadataShape {
  readonly foreignKeys: ForeignKeyShape[];
}

function table(tablePath: string, junction?: string): Table {
  const manyToManyRelations = [{}, { junctionEntityMetadata: junction === undefined ? undefined : table(junction) }];
  return { tablePath, foreignKeys: [], manyToManyRelations } as unknown as Table;
}

function refer(from: Table, to: Table, onDelete?: string): void {
  from.foreignKeys.push({ referencedEntityMetadata: to, ...(onDelete === undefined ? {} : { onDelete }) });
}

function track(all: readonly Table[]): { tables: TrackedTables; names: (found: readonly unknown[]) => string[] } {
  const tables = new TrackedTables(all);
  for (const metadata of all) tables.add({ metadata, listener: { changed: async () => ({ confirmed: true }) } });
  return { tables, names: (found) => found.map((entity) => (entity as { metadata: Table }).metadata.tablePath).sort() };
}

describe('the tables that a removal changes by itself', () => {
  it('are those behind each ON DELETE CASCADE, and those of which a row is only changed', () => {
    const [hero, story, page, note, audit] = ['hero', 'story', 'page', 'note', 'audit'].map((name) => table(name)) as [
      Table,
      Table,
      Table,
      Table,
      Table,
    ];
    refer(story, hero, 'CASCADE');
    refer(page, story, 'CASCADE');
    refer(page, page, 'CASCADE');
    refer(note, story, 'SET NULL');
    refer(audit, note, 'CASCADE');
    refer(audit, hero, 'RESTRICT');
    refer(audit, page);
    const { tables, names } = track([hero, story, page, note, audit]);

    expect(names(tables.changedByRemoval(hero))).toEqual(['note', 'page', 'story']);
    expect(names(tables.changedByRemoval(note))).toEqual(['audit']);
    expect(names(tables.changedByRemoval(audit))).toEqual([]);
  });

  it('are found through tables that nobody tracks', () => {
    const [hero, story, page] = [table('hero'), table('story'), table('page')];
    refer(story, hero, 'CASCADE');
    refer(page, story, 'SET DEFAULT');
    const tables = new TrackedTables([hero, story, page]);
    tables.add({ metadata: page, listener: { changed: async () => ({ confirmed: true }) } });

    expect(tables.changedByRemoval(hero)).toHaveLength(1);
    expect(tables.changedByRemoval(page)).toHaveLength(0);
  });
});

describe('the entities of a table', () => {
  it('are all that share it, and those that it joins', () => {
    const [hero, villain, story] = [table('person'), table('person'), table('story', 'story_topic')];
    const { tables, names } = track([hero, villain, story]);

    expect(names(tables.in(hero))).toEqual(['person', 'person']);
    expect(names(tables.joinedBy(table('story_topic')))).toEqual(['story']);
    expect(names(tables.joinedBy(hero))).toEqual([]);
  });
});
