import { ValidateIf } from 'class-validator';

/** May be left out, but not be null: unlike `IsOptional`, which would let a null through to a column that refuses it. */
export function Optional(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}
