/** What is about Redis, and can be left in the code of an application that is run without one. */
const OPTIONS_OF_REDIS = ['coherence', 'recovery', 'outbox'];

/** The options that are given and count for nothing, since there is no Redis. */
export function ignoredOptions({ redis, ...others }: Readonly<Record<string, unknown>>): string[] {
  if (redis !== undefined && redis !== false) return [];
  return OPTIONS_OF_REDIS.filter((option) => others[option] !== undefined && others[option] !== false);
}

/** Settings without {@link ignoredOptions}. */
export function withoutIgnored<Settings extends object>(settings: Settings): Settings {
  const ignored = ignoredOptions(settings as Readonly<Record<string, unknown>>);
  return Object.fromEntries(Object.entries(settings).filter(([option]) => !ignored.includes(option))) as Settings;
}
