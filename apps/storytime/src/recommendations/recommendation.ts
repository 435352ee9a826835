import { ApiProperty } from '@nestjs/swagger';

/** A story that a child has not heard yet, and why the child may like it. */
export class Recommendation {
  @ApiProperty({ example: 'the-star-that-was-late' })
  readonly storyId!: string;

  @ApiProperty({ example: 'The Star That Was Late' })
  readonly title!: string;

  @ApiProperty({ description: 'The higher, the better the match', example: 3.8 })
  readonly score!: number;

  @ApiProperty({
    type: [String],
    description: 'The interests of the child that the story speaks of',
    example: ['stars'],
  })
  readonly interests!: readonly string[];

  @ApiProperty({
    type: [String],
    description: 'The heroes that the child knows from its own stories',
    example: ['luna'],
  })
  readonly heroIds!: readonly string[];
}
