import { Injectable, NotFoundException, type PipeTransform } from '@nestjs/common';

const MAX_ID_LENGTH = 100;

/** Lets an id of the path through, unless it is one that nothing can have: too long, or with the NUL that PostgreSQL refuses. */
@Injectable()
export class IdPipe implements PipeTransform<string, string> {
  transform(id: string): string {
    if (id.length > MAX_ID_LENGTH || id.includes('\0')) throw new NotFoundException('Nothing has this id.');
    return id;
  }
}
