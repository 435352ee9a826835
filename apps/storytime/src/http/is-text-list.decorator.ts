import { applyDecorators } from '@nestjs/common';
import { ArrayMaxSize, ArrayUnique, IsArray } from 'class-validator';
import { IsText } from './is-text.decorator.js';

/** A list of different texts: at most `maxItems`, each of 1 to `maxLength` characters. */
export function IsTextList(maxItems: number, maxLength: number): PropertyDecorator {
  return applyDecorators(IsArray(), ArrayMaxSize(maxItems), IsText(maxLength, { each: true }), ArrayUnique());
}
