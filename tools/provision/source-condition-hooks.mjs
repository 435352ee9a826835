/** Resolves the libs to their sources, as `--conditions=@nest-strata/source` does on the command line. */
export function resolve(specifier, context, next) {
  return next(specifier, { ...context, conditions: [...context.conditions, '@nest-strata/source'] });
}
