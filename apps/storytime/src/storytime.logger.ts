import { ConsoleLogger } from '@nestjs/common';

/** Nest's announcements of every module and route as it starts. */
const ANNOUNCERS = new Set(['NestFactory', 'InstanceLoader', 'RoutesResolver', 'RouterExplorer', 'NestApplication']);

/** Nest's console logger without the forty lines of a start that hide the three that matter. */
export class StorytimeLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!ANNOUNCERS.has(String(rest.at(-1)))) super.log(message, ...rest);
  }

  /** A start that failed is thrown as well as logged by Nest, and `main.ts` reports what is thrown. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== 'ExceptionHandler') super.error(message, ...rest);
  }
}
