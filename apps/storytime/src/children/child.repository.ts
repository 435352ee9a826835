import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { ArrayContains, type FindOptionsOrder, Repository } from 'typeorm';
import { EntityRepository } from '../database/entity.repository.js';
import { Child } from './child.entity.js';
import type { Gender } from './gender.js';

@Injectable()
export class ChildRepository extends EntityRepository<Child> {
  protected override readonly order: FindOptionsOrder<Child> = { name: 'ASC', id: 'ASC' };

  constructor(@InjectRepository(Child) rows: Repository<Child>) {
    super(rows);
  }

  findByName(name: string): Promise<Child[]> {
    return this.find({ name });
  }

  findByNameAgeGender(name: string, age: number, gender: Gender): Promise<Child[]> {
    return this.find({ name, age, gender });
  }

  findByInterest(interest: string): Promise<Child[]> {
    return this.find({ interests: ArrayContains([interest]) });
  }
}
