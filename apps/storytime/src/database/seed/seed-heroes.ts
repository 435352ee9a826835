/** The heroes of a fresh database. Their ids are names, which makes them easy to type. */
export const seedHeroes = [
  {
    id: 'luna',
    name: 'Luna',
    language: 'en',
    traits: ['curious', 'moonlit'],
    description: 'A fox who collects the light of the moon.',
  },
  {
    id: 'pip',
    name: 'Pip',
    language: 'en',
    traits: ['tiny', 'brave'],
    description: 'A mouse who sails in half a walnut.',
  },
  {
    id: 'captain-rust',
    name: 'Captain Rust',
    language: 'en',
    traits: ['patient', 'creaky'],
    description: 'A robot who keeps a lighthouse.',
  },
  {
    id: 'bruno',
    name: 'Bruno',
    language: 'de',
    traits: ['strong', 'gentle'],
    description: 'Ein Bär, der im Winter nicht schlafen mag.',
  },
  {
    id: 'frieda',
    name: 'Frieda',
    language: 'de',
    traits: ['clever', 'quick'],
    description: 'Eine Eule, die bei Tag Briefe austrägt.',
  },
  {
    id: 'margot',
    name: 'Margot',
    language: 'fr',
    traits: ['stubborn', 'kind'],
    description: 'Une chèvre qui voulait voir la mer.',
  },
  {
    id: 'zephyr',
    name: 'Zéphyr',
    language: 'fr',
    traits: ['light', 'playful'],
    description: 'Un petit vent qui a perdu son nuage.',
  },
  {
    id: 'tomas',
    name: 'Tomás',
    language: 'es',
    traits: ['musical', 'shy'],
    description: 'Un dragón que toca la guitarra.',
  },
] as const;
