/** How a program ended. */
export interface ProgramResult {
  readonly succeeded: boolean;
  /** What it printed, on stdout and stderr alike. */
  readonly output: string;
}

/** What the search for a server asks of the computer it runs on; a test gives a computer of its own making. */
export abstract class Machine {
  abstract readonly platform: string;
  abstract readonly architecture: string;
  abstract readonly env: Readonly<Record<string, string | undefined>>;
  abstract readonly isRoot: boolean;
  /** Where downloads are kept; readable for every user when {@link isRoot}. */
  abstract readonly cacheFolder: string;

  /** Whether there is a file at `path` that this user may run. */
  abstract isExecutable(path: string): Promise<boolean>;

  /** The names in a folder; none when there is no such folder. */
  abstract list(folder: string): Promise<string[]>;

  /** Runs a program to its end; one that cannot be started has not succeeded. */
  abstract run(command: string, args: readonly string[]): Promise<ProgramResult>;

  /** Tells the person at the terminal what is going on. */
  abstract say(text: string): void;
}
