import { applyDecorators, HttpStatus } from '@nestjs/common';
import { ApiExtraModels, ApiResponse, getSchemaPath } from '@nestjs/swagger';
import { Problem } from './problem.js';

const DESCRIPTIONS: Partial<Record<HttpStatus, string>> = {
  [HttpStatus.BAD_REQUEST]: 'The input is not valid; `errors` lists why',
  [HttpStatus.NOT_FOUND]: 'Nothing has this id',
};

/** Documents that a handler may answer a {@link Problem} with this status. */
export function ApiProblem(status: HttpStatus): MethodDecorator & ClassDecorator {
  return applyDecorators(
    ApiExtraModels(Problem),
    ApiResponse({
      status,
      description: DESCRIPTIONS[status] ?? '',
      content: { [Problem.MEDIA_TYPE]: { schema: { $ref: getSchemaPath(Problem) } } },
    }),
  );
}
