import { getMetadataStorage, validateSync } from 'class-validator';
import type { OptionProblem } from './invalid-cache-options.error.js';
import { nearestNames } from './nearest-names.js';
import { isPlainObject } from './option-rules.js';

/** A class whose properties carry the rules of a group of options. */
export interface OptionsShape {
  new (): object;
  /** The properties that are groups themselves. */
  readonly groups?: Readonly<Record<string, OptionsShape>>;
}

/**
 * Everything that is wrong with a group of options: unknown names, and values that the rules of `shape` do not accept.
 *
 * The values are looked at where they are and never copied: among them are clients and codecs.
 */
export function validateOptions(shape: OptionsShape, given: object, path = ''): OptionProblem[] {
  const known = optionNames(shape);
  const problems: OptionProblem[] = [];
  const subject = new shape();
  for (const [name, value] of Object.entries(given as Readonly<Record<string, unknown>>)) {
    if (known.includes(name)) Object.assign(subject, { [name]: value });
    else problems.push({ path: path + name, message: unknownOption(name, known) });
  }
  for (const { property, constraints = {} } of validateSync(subject, { stopAtFirstError: true })) {
    problems.push({ path: path + property, message: Object.values(constraints).join('; ') });
  }
  for (const [name, group] of Object.entries(shape.groups ?? {})) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    if (isPlainObject(value)) problems.push(...validateOptions(group, value, `${path}${name}.`));
  }
  return problems;
}

/** The names that have rules in a shape, without those inside of groups. */
export function optionNames(shape: OptionsShape): string[] {
  const rules = getMetadataStorage().getTargetValidationMetadatas(shape, '', false, false);
  return [...new Set(rules.map(({ propertyName }) => propertyName))];
}

function unknownOption(name: string, known: readonly string[]): string {
  const near = nearestNames(name, known);
  return near.length > 0
    ? `unknown option; did you mean ${near.map((other) => `'${other}'`).join(' or ')}?`
    : `unknown option; the options here are ${known.join(', ')}`;
}
