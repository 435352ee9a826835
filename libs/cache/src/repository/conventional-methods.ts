/** The methods that read, as long as the strategy does not name others. */
export const CONVENTIONAL_READS = { byId: 'findById', byIds: 'findByIds', all: 'findAll' } as const;

/**
 * What a write does to the rows that it is given: `create` makes them, `save` makes or changes them, `remove` takes them
 * away.
 */
export type WriteKind = 'create' | 'save' | 'remove';

const METHODS_BY_KIND: Readonly<Record<WriteKind, readonly string[]>> = {
  create: ['create', 'createMany', 'createAll', 'insert', 'insertMany', 'insertAll'],
  save: [
    ...['save', 'saveMany', 'saveAll', 'update', 'updateMany', 'updateAll', 'updateById', 'patch', 'replace'],
    ...['upsert', 'upsertMany', 'restore', 'recover', 'increment', 'decrement'],
  ],
  remove: [
    ...['delete', 'deleteMany', 'deleteAll', 'deleteById', 'deleteByIds', 'remove', 'removeMany', 'removeAll'],
    ...['removeById', 'removeByIds', 'softDelete', 'softRemove', 'clear', 'truncate'],
  ],
};

/** The methods that write, unless the strategy declares them otherwise. */
export const CONVENTIONAL_WRITES: ReadonlyMap<string, WriteKind> = new Map(
  Object.entries(METHODS_BY_KIND).flatMap(([kind, methods]) =>
    methods.map((method): [string, WriteKind] => [method, kind as WriteKind]),
  ),
);
