import { ApiProperty } from '@nestjs/swagger';
import { formatDay } from '../calendar-day.js';
import type { Child } from '../child.entity.js';
import { Gender } from '../gender.js';

/** A child as the API shows it. */
export class ChildView {
  @ApiProperty({ example: 'ada' })
  readonly id: string;

  @ApiProperty({ example: 'Ada' })
  readonly name: string;

  @ApiProperty({ example: 6 })
  readonly age: number;

  @ApiProperty({ enum: Gender })
  readonly gender: Gender;

  @ApiProperty({ type: [String], example: ['stars', 'foxes', 'boats'] })
  readonly interests: readonly string[];

  @ApiProperty({ type: String, format: 'date', nullable: true, example: '2019-12-10' })
  readonly birthday: string | null;

  @ApiProperty({ format: 'date-time' })
  readonly createdAt: string;

  constructor(child: Child) {
    this.id = child.id;
    this.name = child.name;
    this.age = child.age;
    this.gender = child.gender;
    this.interests = child.interests;
    this.birthday = child.birthday && formatDay(child.birthday);
    this.createdAt = child.createdAt.toISOString();
  }
}
