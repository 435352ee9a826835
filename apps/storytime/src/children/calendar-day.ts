import type { ValueTransformer } from 'typeorm';

/** The day as `2019-12-10`. A day is kept as a Date at midnight UTC, whatever the time zone of the machine. */
export function formatDay(day: Date): string {
  return day.toISOString().slice(0, 10);
}

/** The Date of `2019-12-10`: its midnight in UTC. */
export function parseDay(text: string): Date {
  return new Date(`${text}T00:00:00.000Z`);
}

/** Maps a nullable `date` column, which the driver reads and writes as text, to a Date. */
export const calendarDay: ValueTransformer = {
  to: (day: Date | null | undefined) => day && formatDay(day),
  from: (text: string | null) => text && parseDay(text),
};
