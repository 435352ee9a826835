import { describe, expect, it } from '@jest/globals';
import { AudioFile, AudioFormat } from './audio-file.js';

describe('the duration of an audio file', () => {
  it.each([
    [0, '0:00'],
    [5.4, '0:05'],
    [59.6, '1:00'],
    [65, '1:05'],
    [3_600, '60:00'],
  ])('of %d seconds reads %s', (durationSeconds, clock) => {
    expect(new AudioFile(new URL('https://storytime.example/a.mp3'), AudioFormat.Mp3, durationSeconds).clock).toBe(
      clock,
    );
  });
});
