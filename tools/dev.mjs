/** `node --import tools/dev.mjs app.ts` runs TypeScript sources without a build. */
import { register } from 'node:module';

register('./dev-hooks.mjs', import.meta.url);
