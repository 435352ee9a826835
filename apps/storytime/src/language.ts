/** The languages in which heroes speak and stories are told. */
export enum Language {
  English = 'en',
  German = 'de',
  French = 'fr',
  Spanish = 'es',
}
