import { Controller, Get, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** Whoever opens the bare address is shown what there is. */
@ApiExcludeController()
@Controller()
export class RootController {
  @Get()
  @Redirect()
  index(): { url: string } {
    return { url: 'docs' };
  }
}
