import { describe, expect, it } from '@jest/globals';
import { calendarDay, formatDay, parseDay } from './calendar-day.js';

describe('a calendar day', () => {
  it('is the same day wherever the machine stands', () => {
    expect(parseDay('2019-12-10')).toEqual(new Date(Date.UTC(2019, 11, 10)));
    expect(formatDay(parseDay('2019-12-10'))).toBe('2019-12-10');
  });

  it('is stored as its text, and its absence as null', () => {
    expect(calendarDay.to(parseDay('2020-02-29'))).toBe('2020-02-29');
    expect(calendarDay.from('2020-02-29')).toEqual(parseDay('2020-02-29'));
    expect([calendarDay.to(null), calendarDay.from(null), calendarDay.to(undefined)]).toEqual([null, null, undefined]);
  });
});
