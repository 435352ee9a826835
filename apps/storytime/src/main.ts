import { Logger } from '@nestjs/common';
import { startStorytime } from './storytime.start.js';
import { StartupError } from './config/startup.error.js';

try {
  await startStorytime();
} catch (error) {
  Logger.error(error instanceof StartupError ? error.message : error, 'Storytime');
  process.exit(1);
}
