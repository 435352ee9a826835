import { fileURLToPath } from 'node:url';

/** What Node needs to run TypeScript sources of this repository. */
export const SOURCES: readonly string[] = [
  '--enable-source-maps',
  '--conditions=@nest-strata/source',
  '--import',
  fileURLToPath(new URL('../../../tools/dev.mjs', import.meta.url)),
];
