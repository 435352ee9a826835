import { Module } from '@nestjs/common';
import { RepositoriesModule } from '../database/repositories.module.js';
import { HeroesController } from './heroes.controller.js';
import { HeroesService } from './heroes.service.js';

@Module({ imports: [RepositoriesModule], controllers: [HeroesController], providers: [HeroesService] })
export class HeroesModule {}
