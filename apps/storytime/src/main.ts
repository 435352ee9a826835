import { Logger } from '@nestjs/common';
import { StartupError } from './config/startup.error.js';
import { startStorytime } from './storytime.start.js';

try {
  await startStorytime();
} catch (error) {
  Logger.error(error instanceof StartupError ? error.message : error, 'Storytime');
  process.exit(1);
}
