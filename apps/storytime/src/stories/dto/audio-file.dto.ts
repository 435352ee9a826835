import { ApiProperty } from '@nestjs/swagger';
import { IsEnum, IsNumber, IsUrl, Max, MaxLength, Min } from 'class-validator';
import { AudioFormat } from '../audio-file.js';

export class AudioFileDto {
  @ApiProperty({ example: 'https://storytime.example/audio/half-a-walnut.mp3', maxLength: 2_000 })
  @MaxLength(2_000)
  @IsUrl({ protocols: ['https', 'http'], require_protocol: true, require_tld: false })
  url!: string;

  @ApiProperty({ enum: AudioFormat })
  @IsEnum(AudioFormat)
  format!: AudioFormat;

  @ApiProperty({ example: 95.5, minimum: 0, maximum: 86_400 })
  @Max(86_400)
  @Min(0)
  @IsNumber()
  durationSeconds!: number;
}
