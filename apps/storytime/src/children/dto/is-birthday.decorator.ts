import { buildMessage, ValidateBy, type ValidationOptions } from 'class-validator';
import { formatDay, parseDay } from '../calendar-day.js';

const EARLIEST = '1900-01-01';

/** A real day from 1900 to today, written `2019-12-10`. */
export function IsBirthday(options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isBirthday',
      validator: {
        validate: (value) =>
          typeof value === 'string' && isDay(value) && value >= EARLIEST && value <= formatDay(new Date()),
        defaultMessage: buildMessage(
          (each) => `${each}$property must be a day from ${EARLIEST} to today, written like 2019-12-10`,
          options,
        ),
      },
    },
    options,
  );
}

/** Refuses February 30th, which Date would take for March 2nd. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const day = parseDay(text);
  return !Number.isNaN(day.getTime()) && formatDay(day) === text;
}
