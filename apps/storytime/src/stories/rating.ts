/** What a child thought of a story: one to five whole stars. */
export class Rating {
  static readonly MIN_STARS = 1;
  static readonly MAX_STARS = 5;

  /** @throws {RangeError} for anything but a whole number from 1 to 5. */
  constructor(readonly stars: number) {
    if (!Number.isInteger(stars) || stars < Rating.MIN_STARS || stars > Rating.MAX_STARS) {
      throw new RangeError(`a rating is ${Rating.MIN_STARS} to ${Rating.MAX_STARS} whole stars, not ${stars}`);
    }
  }

  /** Worth telling again. */
  get isFavourite(): boolean {
    return this.stars >= 4;
  }
}
