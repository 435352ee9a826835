import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEnum, IsInt, IsOptional, Max, Min } from 'class-validator';
import { IsText } from '../../http/is-text.decorator.js';
import { IsTextList } from '../../http/is-text-list.decorator.js';
import { Optional } from '../../http/optional.decorator.js';
import { Gender } from '../gender.js';
import { IsBirthday } from './is-birthday.decorator.js';

export class CreateChildDto {
  @ApiProperty({ example: 'Mina', maxLength: 80 })
  @IsText(80)
  name!: string;

  @ApiProperty({ example: 6, minimum: 0, maximum: 17, description: 'In years' })
  @Max(17)
  @Min(0)
  @IsInt()
  age!: number;

  @ApiProperty({ enum: Gender, example: Gender.Girl })
  @IsEnum(Gender)
  gender!: Gender;

  @ApiPropertyOptional({ type: [String], example: ['whales', 'trains'], default: [] })
  @IsTextList(20, 40)
  @Optional()
  interests?: string[];

  @ApiPropertyOptional({ type: String, format: 'date', nullable: true, example: '2019-12-10' })
  @IsBirthday()
  @IsOptional()
  birthday?: string | null;
}
