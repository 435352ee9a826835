import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { periodAt, periodBefore, type PeriodCalendar, type PeriodKind } from './calendar-period.js';
import { isTimeZone } from './zoned-days.js';

const UTC: PeriodCalendar = { timeZone: 'UTC', billingDay: 1 };
const HOUR_MS = 3_600_000;
const KINDS: readonly PeriodKind[] = ['daily', 'weekly', 'monthly', 'billing'];
/** Half hours, both hemispheres, changes at midnight, one a minute after it, a skipped date. */
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'America/St_Johns',
  'America/Havana',
  'America/Sao_Paulo',
  'Africa/Cairo',
  'Pacific/Apia',
  'Pacific/Kiritimati',
  'Asia/Kathmandu',
];

function textOf(kind: PeriodKind, at: string, calendar: PeriodCalendar): [id: string, starts: string, ends: string] {
  const { id, startsAtMs, endsAtMs } = periodAt(kind, Date.parse(at), calendar);
  return [id, new Date(startsAtMs).toISOString(), new Date(endsAtMs).toISOString()];
}

describe('periodAt', () => {
  it('gives the day, the ISO week and the month', () => {
    const at = '2026-11-20T12:34:56.789Z';
    expect(textOf('daily', at, UTC)).toEqual(['2026-11-20', '2026-11-20T00:00:00.000Z', '2026-11-21T00:00:00.000Z']);
    expect(textOf('weekly', at, UTC)).toEqual(['2026-W47', '2026-11-16T00:00:00.000Z', '2026-11-23T00:00:00.000Z']);
    expect(textOf('monthly', at, UTC)).toEqual(['2026-11', '2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z']);
  });

  it('begins with its first millisecond and ends before the next', () => {
    expect(periodAt('daily', Date.parse('2026-11-20T00:00:00.000Z'), UTC).id).toBe('2026-11-20');
    expect(periodAt('daily', Date.parse('2026-11-20T23:59:59.999Z'), UTC).id).toBe('2026-11-20');
    expect(periodAt('daily', Date.parse('2026-11-21T00:00:00.000Z'), UTC).id).toBe('2026-11-21');
  });

  it.each([
    ['2026-01-01', '2026-W01'],
    ['2027-01-01', '2026-W53'],
    ['2027-01-04', '2027-W01'],
    ['2024-12-30', '2025-W01'],
    ['2021-01-03', '2020-W53'],
  ])('puts %s into the ISO week %s', (date, id) => {
    expect(periodAt('weekly', Date.parse(date), UTC).id).toBe(id);
  });

  it('begins at midnight of the time zone', () => {
    const tokyo = { timeZone: 'Asia/Tokyo', billingDay: 1 };
    expect(textOf('daily', '2026-11-20T15:00:00Z', tokyo)).toEqual([
      '2026-11-21',
      '2026-11-20T15:00:00.000Z',
      '2026-11-21T15:00:00.000Z',
    ]);
    expect(periodAt('monthly', Date.parse('2026-11-30T15:00:00Z'), tokyo).id).toBe('2026-12');
  });

  describe('where clocks are changed', () => {
    const lengthOf = (at: string, timeZone: string): number => {
      const { startsAtMs, endsAtMs } = periodAt('daily', Date.parse(at), { timeZone, billingDay: 1 });
      return (endsAtMs - startsAtMs) / HOUR_MS;
    };

    it('makes a day of 23 or 25 hours', () => {
      expect(lengthOf('2026-03-29T12:00:00Z', 'Europe/Berlin')).toBe(23);
      expect(lengthOf('2026-10-25T12:00:00Z', 'Europe/Berlin')).toBe(25);
      expect(lengthOf('2026-10-04T02:00:00Z', 'Australia/Lord_Howe')).toBe(23.5);
    });

    it('begins with the leap where midnight is skipped', () => {
      const [id, starts] = textOf('daily', '2023-04-28T12:00:00Z', { timeZone: 'Africa/Cairo', billingDay: 1 });
      expect([id, starts]).toEqual(['2023-04-28', '2023-04-27T22:00:00.000Z']);
      expect(lengthOf('2023-04-28T12:00:00Z', 'Africa/Cairo')).toBe(23);
    });

    it('begins with the first midnight where it comes twice', () => {
      const [id, starts] = textOf('daily', '2025-11-02T12:00:00Z', { timeZone: 'America/Havana', billingDay: 1 });
      expect([id, starts]).toEqual(['2025-11-02', '2025-11-02T04:00:00.000Z']);
      expect(lengthOf('2025-11-02T12:00:00Z', 'America/Havana')).toBe(25);
    });

    it('does not go back to yesterday where clocks do', () => {
      const calendar = { timeZone: 'America/St_Johns', billingDay: 1 };
      // At 00:01 of November 7th clocks went back to 23:01 of the 6th.
      expect(periodAt('daily', Date.parse('2010-11-07T02:30:30Z'), calendar).id).toBe('2010-11-07');
      expect(periodAt('daily', Date.parse('2010-11-07T02:45:00Z'), calendar).id).toBe('2010-11-07');
      expect(periodAt('daily', Date.parse('2010-11-07T02:29:59Z'), calendar).id).toBe('2010-11-06');
    });

    it('goes on without a date that is skipped', () => {
      const calendar = { timeZone: 'Pacific/Apia', billingDay: 1 };
      const [id, , ends] = textOf('daily', '2011-12-30T09:00:00Z', calendar);
      expect([id, ends]).toEqual(['2011-12-29', '2011-12-30T10:00:00.000Z']);
      expect(periodAt('daily', Date.parse('2011-12-30T10:00:00Z'), calendar).id).toBe('2011-12-31');
    });
  });

  describe('from a billing day on', () => {
    const on = (billingDay: number): PeriodCalendar => ({ timeZone: 'UTC', billingDay });

    it('goes from that day to that day', () => {
      expect(textOf('billing', '2026-11-20T00:00:00Z', on(15))).toEqual([
        'from-2026-11-15',
        '2026-11-15T00:00:00.000Z',
        '2026-12-15T00:00:00.000Z',
      ]);
      expect(periodAt('billing', Date.parse('2026-01-14T23:59:59Z'), on(15)).id).toBe('from-2025-12-15');
    });

    it('begins on the last day of a month that is too short, and on the day again in the next', () => {
      const ids = ['2027-01-31', '2027-02-27', '2027-02-28', '2027-03-30', '2027-03-31', '2027-04-30'].map(
        (date) => periodAt('billing', Date.parse(date), on(31)).id,
      );
      expect(ids).toEqual([
        'from-2027-01-31',
        'from-2027-01-31',
        'from-2027-02-28',
        'from-2027-02-28',
        'from-2027-03-31',
        'from-2027-04-30',
      ]);
      expect(periodAt('billing', Date.parse('2028-02-29'), on(31)).id).toBe('from-2028-02-29');
    });
  });

  it('puts every moment into one period, and each period after the one before', () => {
    const year = { min: Date.parse('1995-01-01'), max: Date.parse('2040-01-01') };
    fc.assert(
      fc.property(
        fc.integer(year),
        fc.constantFrom(...ZONES),
        fc.constantFrom(...KINDS),
        fc.integer({ min: 1, max: 31 }),
        (atMs, timeZone, kind, billingDay) => {
          const calendar = { timeZone, billingDay };
          const period = periodAt(kind, atMs, calendar);
          const next = periodAt(kind, period.endsAtMs, calendar);
          const before = periodBefore(kind, period, calendar);
          expect(period.startsAtMs <= atMs && atMs < period.endsAtMs).toBe(true);
          expect(periodAt(kind, period.endsAtMs - 1, calendar)).toEqual(period);
          expect(periodAt(kind, period.startsAtMs, calendar)).toEqual(period);
          expect([next.startsAtMs, before.endsAtMs]).toEqual([period.endsAtMs, period.startsAtMs]);
          expect(new Set([next.id, period.id, before.id]).size).toBe(3);
        },
      ),
      { numRuns: 600, interruptAfterTimeLimit: 10_000 },
    );
  });

  it('puts no moment around a change of clocks into two periods', () => {
    const calendar = { timeZone: 'America/St_Johns', billingDay: 1 };
    let endsAtMs = 0;
    for (let atMs = Date.parse('2010-11-06T00:00Z'); atMs < Date.parse('2010-11-09T00:00Z'); atMs += 30_000) {
      const period = periodAt('daily', atMs, calendar);
      expect(endsAtMs === 0 || period.endsAtMs === endsAtMs || period.startsAtMs === endsAtMs).toBe(true);
      endsAtMs = period.endsAtMs;
    }
  });
});

describe('isTimeZone', () => {
  it.each([
    ['UTC', true],
    ['Europe/Berlin', true],
    ['Europe/Atlantis', false],
    ['', false],
  ])('says of %p %p', (timeZone, known) => {
    expect(isTimeZone(timeZone)).toBe(known);
  });
});
