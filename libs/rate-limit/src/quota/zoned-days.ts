/** A date of the proleptic Gregorian calendar, as the number of days since 1970-01-01. */
export type CivilDay = number;

export const DAY_MS = 86_400_000;

/** No offset of a time zone is further from UTC than this, and no date is skipped or repeated by more. */
const SEARCH_MS = 26 * 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/** Whether the runtime knows a time zone by that name, such as `Europe/Berlin` or `UTC`. */
export function isTimeZone(timeZone: string): boolean {
  try {
    return formatOf(timeZone).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The date that clocks in a time zone show at a moment (ms since 1970 UTC). */
export function civilDayAt(atMs: number, timeZone: string): CivilDay {
  return Math.floor(localMs(atMs, timeZone) / DAY_MS);
}

/**
 * The first moment at which clocks in a time zone show that date: midnight; where it is skipped, the moment of the
 * leap; where it comes twice, the first. Of a date that is skipped altogether, the beginning of the next.
 */
export function startOfDayMs(day: CivilDay, timeZone: string): number {
  const midnightMs = day * DAY_MS;
  const offsetsMs = [offsetMs(midnightMs - SEARCH_MS, timeZone), offsetMs(midnightMs + SEARCH_MS, timeZone)];
  const candidates = offsetsMs.map((offset) => midnightMs - offset).sort((one, other) => one - other);
  const midnight = candidates.find((atMs) => localMs(atMs, timeZone) === midnightMs);
  return midnight ?? firstMomentOn(day, timeZone);
}

function firstMomentOn(day: CivilDay, timeZone: string): number {
  let beforeMs = day * DAY_MS - SEARCH_MS;
  let afterMs = day * DAY_MS + SEARCH_MS;
  while (afterMs - beforeMs > 1) {
    const middleMs = Math.floor((beforeMs + afterMs) / 2);
    if (civilDayAt(middleMs, timeZone) >= day) afterMs = middleMs;
    else beforeMs = middleMs;
  }
  return afterMs;
}

function offsetMs(atMs: number, timeZone: string): number {
  return localMs(atMs, timeZone) - atMs;
}

/** What clocks there show, counted as if it were UTC. */
function localMs(atMs: number, timeZone: string): number {
  const fields: Record<string, number> = {};
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs)) fields[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = fields;
  return Date.UTC(year, month - 1, day, hour, minute, second) + (((atMs % 1_000) + 1_000) % 1_000);
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  let format = formats.get(timeZone);
  if (format === undefined) {
    const number = 'numeric';
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: number,
      month: number,
      day: number,
      hour: number,
      minute: number,
      second: number,
    });
    formats.set(timeZone, format);
  }
  return format;
}
