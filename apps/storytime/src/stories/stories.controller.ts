import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblem } from '../http/api-problem.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { CreateStoryDto } from './dto/create-story.dto.js';
import { StoryFilter } from './dto/story.filter.js';
import { StoryView } from './dto/story.view.js';
import { UpdateStoryDto } from './dto/update-story.dto.js';
import { StoriesService } from './stories.service.js';
import { StoryPresenter } from './story.presenter.js';

@ApiTags('stories')
@ApiProblem(HttpStatus.BAD_REQUEST)
@Controller('stories')
export class StoriesController {
  constructor(
    private readonly stories: StoriesService,
    private readonly presenter: StoryPresenter,
  ) {}

  @Get()
  @ApiOkResponse({ type: [StoryView] })
  async list(@Query() filter: StoryFilter): Promise<StoryView[]> {
    return this.presenter.show(await this.stories.list(filter));
  }

  @Get(':id')
  @ApiOkResponse({ type: StoryView })
  @ApiProblem(HttpStatus.NOT_FOUND)
  async get(@Param('id', IdPipe) id: string): Promise<StoryView> {
    return this.presenter.showOne(await this.stories.get(id));
  }

  @Post()
  @ApiCreatedResponse({ type: StoryView })
  async create(@Body() dto: CreateStoryDto): Promise<StoryView> {
    return this.presenter.showOne(await this.stories.create(dto));
  }

  @Put(':id')
  @ApiOkResponse({ type: StoryView })
  @ApiProblem(HttpStatus.NOT_FOUND)
  async replace(@Param('id', IdPipe) id: string, @Body() dto: CreateStoryDto): Promise<StoryView> {
    return this.presenter.showOne(await this.stories.replace(id, dto));
  }

  @Patch(':id')
  @ApiOkResponse({ type: StoryView })
  @ApiProblem(HttpStatus.NOT_FOUND)
  async change(@Param('id', IdPipe) id: string, @Body() dto: UpdateStoryDto): Promise<StoryView> {
    return this.presenter.showOne(await this.stories.change(id, dto));
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiNoContentResponse()
  @ApiProblem(HttpStatus.NOT_FOUND)
  delete(@Param('id', IdPipe) id: string): Promise<void> {
    return this.stories.delete(id);
  }
}
