import { Cacheable } from '@nest-strata/cache';
import { Injectable } from '@nestjs/common';

export interface Greeting {
  text: string;
  at: Date;
}

@Injectable()
export class GreetingService {
  loads = 0;

  @Cacheable({ key: (name: string) => `greeting:${name}`, ttl: '1m' })
  async greet(name: string): Promise<Greeting> {
    this.loads++;
    return { text: `Hello, ${name}`, at: new Date() };
  }
}
