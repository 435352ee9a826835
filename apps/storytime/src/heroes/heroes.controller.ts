import { Body, Controller, Delete, Get, HttpCode, HttpStatus, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblem } from '../http/api-problem.decorator.js';
import { IdPipe } from '../http/id.pipe.js';
import { CreateHeroDto } from './dto/create-hero.dto.js';
import { HeroFilter } from './dto/hero.filter.js';
import { HeroView } from './dto/hero.view.js';
import { UpdateHeroDto } from './dto/update-hero.dto.js';
import { HeroesService } from './heroes.service.js';

@ApiTags('heroes')
@ApiProblem(HttpStatus.BAD_REQUEST)
@Controller('heroes')
export class HeroesController {
  constructor(private readonly heroes: HeroesService) {}

  @Get()
  @ApiOkResponse({ type: [HeroView] })
  async list(@Query() filter: HeroFilter): Promise<HeroView[]> {
    return (await this.heroes.list(filter)).map((hero) => new HeroView(hero));
  }

  @Get(':id')
  @ApiOkResponse({ type: HeroView })
  @ApiProblem(HttpStatus.NOT_FOUND)
  async get(@Param('id', IdPipe) id: string): Promise<HeroView> {
    return new HeroView(await this.heroes.get(id));
  }

  @Post()
  @ApiCreatedResponse({ type: HeroView })
  async create(@Body() dto: CreateHeroDto): Promise<HeroView> {
    return new HeroView(await this.heroes.create(dto));
  }

  @Put(':id')
  @ApiOkResponse({ type: HeroView })
  @ApiProblem(HttpStatus.NOT_FOUND)
  async replace(@Param('id', IdPipe) id: string, @Body() dto: CreateHeroDto): Promise<HeroView> {
    return new HeroView(await this.heroes.replace(id, dto));
  }

  @Patch(':id')
  @ApiOkResponse({ type: HeroView })
  @ApiProblem(HttpStatus.NOT_FOUND)
  async change(@Param('id', IdPipe) id: string, @Body() dto: UpdateHeroDto): Promise<HeroView> {
    return new HeroView(await this.heroes.change(id, dto));
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiNoContentResponse()
  @ApiProblem(HttpStatus.NOT_FOUND)
  delete(@Param('id', IdPipe) id: string): Promise<void> {
    return this.heroes.delete(id);
  }
}
