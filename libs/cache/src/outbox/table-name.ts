/** One part of a name, no longer than PostgreSQL keeps. */
const PART = /^[a-z_][a-z0-9_]{0,62}$/i;

/** True for the name of a table, such as `evictions`, or of one in a schema, such as `cache.evictions`. */
export function isTableName(given: unknown): given is string {
  if (typeof given !== 'string') return false;
  const parts = given.split('.');
  return parts.length <= 2 && parts.every((part) => PART.test(part));
}

/** The name as it stands in SQL: quoted, so that case is kept and no word is a reserved one. */
export function quoteTableName(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part}"`)
    .join('.');
}
