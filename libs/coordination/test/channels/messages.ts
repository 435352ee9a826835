import { IsInt, IsString, Min } from 'class-validator';

export class Story {
  @IsString() title!: string;
  @IsInt() @Min(1) pages!: number;
}

export class Page {
  @IsString() text!: string;
}

/** What {@link Story} takes. */
export const aStory = { title: 'The moon', pages: 3 };
