import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEnum } from 'class-validator';
import { IsText } from '../../http/is-text.decorator.js';
import { IsTextList } from '../../http/is-text-list.decorator.js';
import { Optional } from '../../http/optional.decorator.js';
import { Language } from '../../language.js';

export class CreateHeroDto {
  @ApiProperty({ example: 'Otto', maxLength: 80 })
  @IsText(80)
  name!: string;

  @ApiProperty({ enum: Language, example: Language.German })
  @IsEnum(Language)
  language!: Language;

  @ApiPropertyOptional({ type: [String], example: ['sleepy', 'loyal'], default: [] })
  @IsTextList(20, 40)
  @Optional()
  traits?: string[];

  @ApiPropertyOptional({ example: 'Ein Dackel, der im Stehen träumt.', maxLength: 500, default: '' })
  @IsText(500)
  @Optional()
  description?: string;
}
