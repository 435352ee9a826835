import { Module } from '@nestjs/common';
import { RepositoriesModule } from '../database/repositories.module.js';
import { ChildrenController } from './children.controller.js';
import { ChildrenService } from './children.service.js';

@Module({ imports: [RepositoriesModule], controllers: [ChildrenController], providers: [ChildrenService] })
export class ChildrenModule {}
