import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsEnum, IsInt, Max, Min } from 'class-validator';
import { IsText } from '../../http/is-text.decorator.js';
import { Optional } from '../../http/optional.decorator.js';
import { Gender } from '../gender.js';

export class ChildFilter {
  @ApiPropertyOptional({ description: 'Exactly this name', example: 'Ben' })
  @IsText(80)
  @Optional()
  name?: string;

  @ApiPropertyOptional({ type: Number, minimum: 0, maximum: 17 })
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value,
  )
  @Max(17)
  @Min(0)
  @IsInt()
  @Optional()
  age?: number;

  @ApiPropertyOptional({ enum: Gender })
  @IsEnum(Gender)
  @Optional()
  gender?: Gender;

  @ApiPropertyOptional({ description: 'One of the interests', example: 'dragons' })
  @IsText(40)
  @Optional()
  interest?: string;
}
