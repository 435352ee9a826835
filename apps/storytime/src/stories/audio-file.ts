export enum AudioFormat {
  Mp3 = 'mp3',
  Ogg = 'ogg',
  Wav = 'wav',
}

/** A recording of a story. */
export class AudioFile {
  constructor(
    readonly url: URL,
    readonly format: AudioFormat,
    readonly durationSeconds: number,
  ) {}

  /** The duration as minutes and seconds: `1:05`. */
  get clock(): string {
    const seconds = Math.round(this.durationSeconds);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  }
}
