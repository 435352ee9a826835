import { PartialType } from '@nestjs/swagger';
import { CreateChildDto } from './create-child.dto.js';

export class UpdateChildDto extends PartialType(CreateChildDto, { skipNullProperties: false }) {}
