import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';
import { calendarDay } from './calendar-day.js';
import { Gender } from './gender.js';

/** For whom the stories are told. */
@Entity('child')
export class Child {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  name!: string;

  /** In years, as the parents gave it. */
  @Column({ type: 'integer' })
  age!: number;

  @Column({ type: 'text' })
  gender!: Gender;

  @Column({ type: 'text', array: true })
  interests!: string[];

  @Column({ type: 'date', nullable: true, transformer: calendarDay })
  birthday!: Date | null;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
