import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsEnum } from 'class-validator';
import { IsText } from '../../http/is-text.decorator.js';
import { Optional } from '../../http/optional.decorator.js';
import { Language } from '../../language.js';

export class HeroFilter {
  @ApiPropertyOptional({ description: 'Exactly this name', example: 'Luna' })
  @IsText(80)
  @Optional()
  name?: string;

  @ApiPropertyOptional({ enum: Language })
  @IsEnum(Language)
  @Optional()
  language?: Language;
}
