/** An object of about 1 KB of JSON, as a row of a service would be. */
export function sampleValue(id: number): object {
  return {
    id,
    name: `Hero number ${String(id)}`,
    language: 'en',
    isActive: id % 2 === 0,
    score: id * 1.5,
    address: {
      street: 'Elm Street 1428',
      city: 'Springwood',
      zip: '45011',
      geo: { latitude: 39.39, longitude: -84.56 },
    },
    traits: ['brave', 'curious', 'kind', 'patient', 'honest', 'loyal', 'witty', 'calm'],
    history: Array.from({ length: 6 }, (_, index) => ({
      chapter: index,
      title: `Chapter ${String(index)} of the tale of hero ${String(id)}`,
      mood: 'hopeful',
      pages: 12 + index,
    })),
    biography:
      'Once upon a time, in a land behind seven hills, there lived a hero who feared nothing but the dark. '.repeat(2),
  };
}
