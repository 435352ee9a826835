import { buildMessage, ValidateBy, type ValidationOptions } from 'class-validator';

/** A text that says something: not blank, at most `maxLength` characters, and without the NUL that PostgreSQL refuses. */
export function IsText(maxLength: number, options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isText',
      validator: {
        validate: (value) =>
          typeof value === 'string' && value.trim() !== '' && value.length <= maxLength && !value.includes('\0'),
        defaultMessage: buildMessage(
          (each) => `${each}$property must be a text of 1 to ${maxLength} characters`,
          options,
        ),
      },
    },
    options,
  );
}
