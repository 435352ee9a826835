/** Why the app did not start, in words for whoever started it: printed without a stack. */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
