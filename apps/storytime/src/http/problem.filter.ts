import { type ArgumentsHost, Catch, type ExceptionFilter, HttpException, Logger } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { QueryFailedError } from 'typeorm';
import { Problem } from './problem.js';

/** Answers every failure as a {@link Problem}; only failures of the app itself are logged, and their cause stays inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(private readonly adapterHost: HttpAdapterHost) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.adapterHost;
    const response: unknown = host.switchToHttp().getResponse();
    const problem = this.describe(exception);
    if (problem instanceof Problem) httpAdapter.setHeader(response, 'Content-Type', Problem.MEDIA_TYPE);
    httpAdapter.reply(response, problem, problem.status);
  }

  private describe(exception: unknown): Problem {
    if (exception instanceof HttpException) {
      const complaints = complaintsOf(exception);
      return new Problem(exception.getStatus(), complaints?.join('; ') ?? exception.message, complaints);
    }
    if (isBrokenReference(exception)) {
      return new Problem(
        409,
        'Something that this refers to, or that refers to this, was changed meanwhile. Try again.',
      );
    }
    if (isClientError(exception)) return new Problem(exception.statusCode, exception.message);
    this.logger.error('A request failed', exception instanceof Error ? exception.stack : exception);
    return new Problem(500, 'The request failed for a reason that is not its own. It may work later.');
  }
}

/** The validation pipe puts its list of complaints into `message`. */
function complaintsOf(exception: HttpException): string[] | undefined {
  const body = exception.getResponse();
  return typeof body === 'object' && 'message' in body && Array.isArray(body.message) ? body.message : undefined;
}

/** The foreign key of PostgreSQL that a concurrent request was faster to break. */
function isBrokenReference(exception: unknown): boolean {
  return exception instanceof QueryFailedError && (exception.driverError as { code?: string }).code === '23503';
}

/** Errors of the body parser, such as 413, which are no Nest exceptions. */
function isClientError(exception: unknown): exception is Error & { statusCode: number } {
  return (
    exception instanceof Error &&
    'statusCode' in exception &&
    typeof exception.statusCode === 'number' &&
    exception.statusCode >= 400 &&
    exception.statusCode < 500
  );
}
