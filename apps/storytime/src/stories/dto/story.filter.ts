import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsEnum } from 'class-validator';
import { IsText } from '../../http/is-text.decorator.js';
import { Optional } from '../../http/optional.decorator.js';
import { Language } from '../../language.js';

export class StoryFilter {
  @ApiPropertyOptional({ description: 'The id of a child', example: 'ada' })
  @IsText(100)
  @Optional()
  childId?: string;

  @ApiPropertyOptional({ enum: Language })
  @IsEnum(Language)
  @Optional()
  language?: Language;
}
