import { InvalidRedisOptionsError, resolveRedisOptions } from '@nest-strata/redis';
import { describeGiven } from './describe-given.js';
import { withoutIgnored } from './ignored-options.js';
import { DEFAULT_TTL, inheritedFrom } from './inherited-options.js';
import type { OptionProblem } from './invalid-cache-options.error.js';
import { optionConflicts } from './option-conflicts.js';
import { isPlainObject } from './option-rules.js';
import type { InheritedOptions } from './resolved-settings.js';
import { NamedCacheShape, NO_TIER_ADVICE, SettingsShape } from './settings.shape.js';
import { validateOptions } from './validate-options.js';

/** What is wrong with settings, whatever others they are laid over. */
export function settingsProblems(settings: Readonly<Record<string, unknown>>): OptionProblem[] {
  return [...validateOptions(SettingsShape, settings), ...redisProblems(settings['redis'])];
}

/** Everything that is wrong with the options of the module. */
export function cacheOptionProblems(settings: unknown, caches: unknown): OptionProblem[] {
  if (!isPlainObject(settings)) {
    return [{ path: 'options', message: `given ${describeGiven(settings)}; return an object of options, {} for none` }];
  }
  const { isGlobal, caches: misplaced, ...rest } = settings;
  const counting = withoutIgnored(rest);
  return [
    ...Object.entries({ isGlobal, caches: misplaced }).flatMap(([path, given]) =>
      given === undefined ? [] : [{ path, message: 'write it beside the factory, in forRootAsync({ … }) itself' }],
    ),
    ...settingsProblems(rest),
    ...optionConflicts(counting, { ttl: DEFAULT_TTL }),
    ...(isPlainObject(caches)
      ? namedCacheProblems(caches, inheritedFrom(counting))
      : [
          {
            path: 'caches',
            message: `given ${describeGiven(caches)}; write an object such as { heroes: { ttl: '10m' } }`,
          },
        ]),
  ];
}

/** Everything that is wrong with caches inside another, by their names. */
export function namedCacheProblems(
  caches: Readonly<Record<string, unknown>>,
  { given, hasRedis }: InheritedOptions,
): OptionProblem[] {
  return Object.entries(caches).flatMap(([name, options]) => {
    const path = `caches.${name}`;
    if (name === '') return [{ path: 'caches', message: `given a cache without a name; write one, such as 'heroes'` }];
    if (!isPlainObject(options)) {
      return [{ path, message: `given ${describeGiven(options)}; write an object of options, {} for none` }];
    }
    if (options['memory'] === false && !hasRedis) return [{ path: `${path}.memory`, message: NO_TIER_ADVICE }];
    const conflicts = optionConflicts(options, given);
    return [
      ...validateOptions(NamedCacheShape, options, `${path}.`),
      ...conflicts.map((conflict) => ({ ...conflict, path: `${path}.${conflict.path}` })),
    ];
  });
}

function redisProblems(redis: unknown): OptionProblem[] {
  if (!isPlainObject(redis)) return [];
  try {
    resolveRedisOptions(redis);
    return [];
  } catch (error) {
    if (!(error instanceof InvalidRedisOptionsError)) throw error;
    return error.problems.map(({ path, message }) => ({ path: `redis.${path}`, message }));
  }
}
