/** How long a story lasts: about 3, 8 or 15 minutes. */
export enum StoryLength {
  Short = 'short',
  Medium = 'medium',
  Long = 'long',
}
