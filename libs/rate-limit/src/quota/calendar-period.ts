import { civilDayAt, DAY_MS, startOfDayMs, type CivilDay } from './zoned-days.js';

/** A span of the calendar: a day, an ISO week (from Monday), a month, or a month from a day of it on. */
export type PeriodKind = 'daily' | 'weekly' | 'monthly' | 'billing';

/** Whose calendar it is. */
export interface PeriodCalendar {
  /** IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string;
  /** On which day of the month billing periods begin, 1 to 31; in a shorter month on its last. */
  readonly billingDay: number;
}

/** One period; `startsAtMs` belongs to it, `endsAtMs` to the next. Milliseconds since 1970 UTC. */
export interface CalendarPeriod {
  /** `2026-11-20`, `2026-W47`, `2026-11`, or `from-2026-11-15` for a billing period. */
  readonly id: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/**
 * The period that a moment lies in. Every moment lies in exactly one, and each begins where the one before ends, also
 * where clocks are changed at midnight or a date is skipped.
 */
export function periodAt(kind: PeriodKind, atMs: number, calendar: PeriodCalendar): CalendarPeriod {
  let first = firstDayOf(kind, civilDayAt(atMs, calendar.timeZone), calendar);
  let endsAtMs = startOfDayMs(nextFirstDay(kind, first, calendar), calendar.timeZone);
  // Clocks that are put back over midnight show yesterday's date once more after today has begun.
  while (endsAtMs <= atMs) {
    first = nextFirstDay(kind, first, calendar);
    endsAtMs = startOfDayMs(nextFirstDay(kind, first, calendar), calendar.timeZone);
  }
  return { id: idOf(kind, first), startsAtMs: startOfDayMs(first, calendar.timeZone), endsAtMs };
}

/** The period before one. */
export function periodBefore(kind: PeriodKind, period: CalendarPeriod, calendar: PeriodCalendar): CalendarPeriod {
  return periodAt(kind, period.startsAtMs - 1, calendar);
}

function firstDayOf(kind: PeriodKind, day: CivilDay, calendar: PeriodCalendar): CivilDay {
  switch (kind) {
    case 'daily':
      return day;
    case 'weekly':
      return day - weekdayOf(day);
    case 'monthly':
      return dayOfMonth(day, 0, 1);
    case 'billing': {
      const anchor = dayOfMonth(day, 0, calendar.billingDay);
      return anchor <= day ? anchor : dayOfMonth(day, -1, calendar.billingDay);
    }
  }
}

function nextFirstDay(kind: PeriodKind, first: CivilDay, calendar: PeriodCalendar): CivilDay {
  switch (kind) {
    case 'daily':
      return first + 1;
    case 'weekly':
      return first + 7;
    case 'monthly':
      return dayOfMonth(first, 1, 1);
    case 'billing':
      return dayOfMonth(first, 1, calendar.billingDay);
  }
}

function idOf(kind: PeriodKind, first: CivilDay): string {
  const date = new Date(first * DAY_MS).toISOString().slice(0, 10);
  switch (kind) {
    case 'daily':
      return date;
    case 'weekly':
      return weekId(first);
    case 'monthly':
      return date.slice(0, 7);
    case 'billing':
      return `from-${date}`;
  }
}

/** The ISO 8601 week of a Monday: it has the year of its Thursday. */
function weekId(monday: CivilDay): string {
  const thursday = monday + 3;
  const year = new Date(thursday * DAY_MS).getUTCFullYear();
  const week = Math.floor((thursday - Date.UTC(year, 0, 1) / DAY_MS) / 7) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}

/** 0 for Monday; 1970-01-01 was a Thursday. */
function weekdayOf(day: CivilDay): number {
  return (((day + 3) % 7) + 7) % 7;
}

/** The given day of the month that is `months` after that of `day`, or its last where it has no such day. */
function dayOfMonth(day: CivilDay, months: number, dayInMonth: number): CivilDay {
  const date = new Date(day * DAY_MS);
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth() + months;
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(dayInMonth, lastDay)) / DAY_MS;
}
