export enum Language {
  English = 'en',
  French = 'fr',
  German = 'de',
}

export interface HeroFields {
  readonly id: number;
  readonly name: string;
  readonly language: Language;
  readonly powers?: string[];
}

/** An entity of an application. */
export class Hero {
  id: number;
  name: string;
  language: Language;
  powers: string[];
  bornAt = new Date('2020-02-29T12:00:00Z');

  constructor({ id, name, language, powers = [] }: HeroFields) {
    this.id = id;
    this.name = name;
    this.language = language;
    this.powers = powers;
  }

  greeting(): string {
    return `I am ${this.name}.`;
  }
}
