const WATCH_MS = 250;

/**
 * npm runs a script through a shell and, when it is told to stop, may end only that shell. The app then stops as well,
 * instead of staying behind with the port taken. Does nothing when npm did not start it.
 */
export function stopWithNpm(): void {
  if (process.env['npm_lifecycle_event'] === undefined) return;
  const shellPid = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === shellPid) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, WATCH_MS).unref();
}
