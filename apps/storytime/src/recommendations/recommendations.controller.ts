import { Controller, Get, HttpStatus, Param } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblem } from '../http/api-problem.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { Recommendation } from './recommendation.js';
import { RecommendationsService } from './recommendations.service.js';

@ApiTags('children')
@Controller('children/:id/recommendations')
export class RecommendationsController {
  constructor(private readonly recommendations: RecommendationsService) {}

  @Get()
  @ApiOkResponse({ type: [Recommendation] })
  @ApiProblem(HttpStatus.NOT_FOUND)
  list(@Param('id', IdPipe) id: string): Promise<readonly Recommendation[]> {
    return this.recommendations.recommendationsFor(id);
  }
}
