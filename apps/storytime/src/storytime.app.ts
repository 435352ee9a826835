import { type INestApplication, type LoggerService, ValidationPipe } from '@nestjs/common';
import { HttpAdapterHost, NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import helmet from 'helmet';
import { AppModule } from './app.module.js';
import { ProblemFilter } from './http/problem.filter.js';
import { StorytimeLogger } from './storytime.logger.js';

/** The app with all that stands around its modules, ready to listen. */
export async function createStorytime(
  logger: LoggerService | false = new StorytimeLogger(),
): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule, { logger, abortOnError: false });
  // Served over plain HTTP, so a browser must not be told to fetch the scripts of /docs over HTTPS.
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  app.useGlobalPipes(
    new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true, stopAtFirstError: true }),
  );
  app.useGlobalFilters(new ProblemFilter(app.get(HttpAdapterHost)));
  SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, description), {
    customSiteTitle: 'Storytime',
  });
  return app;
}

const description = new DocumentBuilder()
  .setTitle('Storytime')
  .setDescription('Bedtime stories: the heroes they are about and the children they are told to.')
  .setVersion('0.1.0')
  .build();
