import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblem } from '../http/api-problem.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { CreateChildDto } from './dto/create-child.dto.js';
import { ChildFilter } from './dto/child.filter.js';
import { ChildView } from './dto/child.view.js';
import { UpdateChildDto } from './dto/update-child.dto.js';
import { ChildrenService } from './children.service.js';

@ApiTags('children')
@ApiProblem(HttpStatus.BAD_REQUEST)
@Controller('children')
export class ChildrenController {
  constructor(private readonly children: ChildrenService) {}

  @Get()
  @ApiOkResponse({ type: [ChildView] })
  async list(@Query() filter: ChildFilter): Promise<ChildView[]> {
    return (await this.children.list(filter)).map((child) => new ChildView(child));
  }

  @Get(':id')
  @ApiOkResponse({ type: ChildView })
  @ApiProblem(HttpStatus.NOT_FOUND)
  async get(@Param('id', IdPipe) id: string): Promise<ChildView> {
    return new ChildView(await this.children.get(id));
  }

  @Post()
  @ApiCreatedResponse({ type: ChildView })
  async create(@Body() dto: CreateChildDto): Promise<ChildView> {
    return new ChildView(await this.children.create(dto));
  }

  @Put(':id')
  @ApiOkResponse({ type: ChildView })
  @ApiProblem(HttpStatus.NOT_FOUND)
  async replace(@Param('id', IdPipe) id: string, @Body() dto: CreateChildDto): Promise<ChildView> {
    return new ChildView(await this.children.replace(id, dto));
  }

  @Patch(':id')
  @ApiOkResponse({ type: ChildView })
  @ApiProblem(HttpStatus.NOT_FOUND)
  async change(@Param('id', IdPipe) id: string, @Body() dto: UpdateChildDto): Promise<ChildView> {
    return new ChildView(await this.children.change(id, dto));
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiNoContentResponse()
  @ApiProblem(HttpStatus.NOT_FOUND)
  delete(@Param('id', IdPipe) id: string): Promise<void> {
    return this.children.delete(id);
  }
}
