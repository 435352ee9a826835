import { freePort } from './free-port.js';
import { ServerStartError } from './server-start.error.js';

const MAX_ATTEMPTS = 10;

/** Launches a server on a free port, and on another one if somebody else was quicker. */
export async function startOnFreePort<Server>(launch: (port: number) => Promise<Server>): Promise<Server> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await launch(await freePort());
    } catch (error) {
      const anotherPortMayDo = error instanceof ServerStartError && error.isPortTaken;
      if (!anotherPortMayDo || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}
