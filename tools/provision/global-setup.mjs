import { register } from 'node:module';
import { serversNeeded } from './servers-needed.mjs';

/** Jest's `globalSetup`: finds or installs the servers that the selected tests need, before any test waits for one. */
export default async function provision({ testPathPatterns }, { rootDir, roots }) {
  const selection = testPathPatterns.toExecutor({ rootDir });
  const needed = await serversNeeded(rootDir, roots, (path) => selection.isMatch(path));
  if (!needed.redis && !needed.postgres) return;
  register('../dev-hooks.mjs', import.meta.url);
  register('./source-condition-hooks.mjs', import.meta.url);
  const { provisionServers } = await import('@nest-strata/testing');
  await provisionServers(needed);
}
