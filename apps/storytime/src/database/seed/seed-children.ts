/** The children of a fresh database. */
export const seedChildren = [
  { id: 'ada', name: 'Ada', age: 6, gender: 'girl', interests: ['stars', 'foxes', 'boats'], birthday: '2019-12-10' },
  { id: 'ben', name: 'Ben', age: 5, gender: 'boy', interests: ['robots', 'boats', 'the sea'], birthday: '2020-08-03' },
  { id: 'ben-k', name: 'Ben', age: 7, gender: 'boy', interests: ['dragons', 'music'], birthday: null },
  { id: 'chloe', name: 'Chloé', age: 7, gender: 'girl', interests: ['wind', 'mountains'], birthday: '2018-06-21' },
  { id: 'emil', name: 'Emil', age: 4, gender: 'boy', interests: ['bears', 'snow', 'letters'], birthday: '2021-10-14' },
  {
    id: 'sol',
    name: 'Sol',
    age: 8,
    gender: 'other',
    interests: ['dragons', 'guitars', 'stars'],
    birthday: '2017-04-30',
  },
] as const;
