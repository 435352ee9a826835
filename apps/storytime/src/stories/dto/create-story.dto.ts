import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { ArrayMaxSize, IsArray, IsEnum, IsInt, IsOptional, Max, Min, ValidateNested } from 'class-validator';
import { IsText } from '../../http/is-text.decorator.js';
import { IsTextList } from '../../http/is-text-list.decorator.js';
import { Optional } from '../../http/optional.decorator.js';
import { Language } from '../../language.js';
import { Rating } from '../rating.js';
import { StoryLength } from '../story-length.js';
import { AudioFileDto } from './audio-file.dto.js';

export class CreateStoryDto {
  @ApiProperty({ example: 'The Whale Who Whispered', maxLength: 200 })
  @IsText(200)
  title!: string;

  @ApiProperty({ example: 'Far out, where the sea is widest, lived a whale who never raised her voice.' })
  @IsText(50_000)
  body!: string;

  @ApiProperty({ enum: Language })
  @IsEnum(Language)
  language!: Language;

  @ApiProperty({ example: 'ada', description: 'The id of the child' })
  @IsText(100)
  childId!: string;

  @ApiPropertyOptional({ type: [String], example: ['luna'], default: [], description: 'The ids of the heroes' })
  @IsTextList(20, 100)
  @Optional()
  heroIds?: string[];

  @ApiPropertyOptional({ enum: StoryLength, default: StoryLength.Medium })
  @IsEnum(StoryLength)
  @Optional()
  length?: StoryLength;

  @ApiPropertyOptional({ type: Number, minimum: Rating.MIN_STARS, maximum: Rating.MAX_STARS, nullable: true })
  @Max(Rating.MAX_STARS)
  @Min(Rating.MIN_STARS)
  @IsInt()
  @IsOptional()
  rating?: number | null;

  @ApiPropertyOptional({ type: [AudioFileDto], default: [] })
  @ValidateNested({ each: true })
  @Type(() => AudioFileDto)
  @ArrayMaxSize(10)
  @IsArray()
  @Optional()
  audioFiles?: AudioFileDto[];
}
