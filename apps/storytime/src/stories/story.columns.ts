import type { ValueTransformer } from 'typeorm';
import { AudioFile, type AudioFormat } from './audio-file.js';
import { Rating } from './rating.js';

interface AudioFileRow {
  readonly url: string;
  readonly format: AudioFormat;
  readonly durationSeconds: number;
}

/** A nullable integer column as a {@link Rating}. */
export const ratingColumn: ValueTransformer = {
  to: (rating: Rating | null | undefined) => (rating ? rating.stars : rating),
  from: (stars: number | null) => (stars === null ? null : new Rating(stars)),
};

/** A jsonb column as a list of {@link AudioFile}s. */
export const audioFilesColumn: ValueTransformer = {
  to: (files: AudioFile[] | undefined) =>
    files?.map(({ url, format, durationSeconds }): AudioFileRow => ({ url: url.href, format, durationSeconds })),
  from: (rows: AudioFileRow[]) =>
    rows.map(({ url, format, durationSeconds }) => new AudioFile(new URL(url), format, durationSeconds)),
};
