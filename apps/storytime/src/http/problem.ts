import { STATUS_CODES } from 'node:http';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';

/** What went wrong, in the form of RFC 9457 (`application/problem+json`). */
export class Problem {
  static readonly MEDIA_TYPE = 'application/problem+json';

  @ApiProperty({ example: 'Not Found' })
  readonly title: string;

  @ApiProperty({ example: 404 })
  readonly status: number;

  @ApiProperty({ example: 'There is no hero "nobody".' })
  readonly detail: string;

  @ApiPropertyOptional({ type: [String], description: 'Each complaint about the input' })
  readonly errors?: readonly string[];

  constructor(status: number, detail: string, errors?: readonly string[]) {
    this.title = STATUS_CODES[status] ?? 'Error';
    this.status = status;
    this.detail = detail;
    if (errors) this.errors = errors;
  }
}
