import {
  Controller,
  Inject,
  Injectable,
  Logger,
  Module,
  Scope,
  Sse,
  type MessageEvent,
  type Type,
} from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createRedis, type RedisPort } from '@nest-strata/redis';
import { eventually, RedisServer } from '@nest-strata/testing';
import type { Observable } from 'rxjs';
import { ChannelRelay, ChannelService, defineChannels, type RelaySocket } from '../../src/index.js';
import { ChannelModule, channelStream, OnChannel } from '../../src/nest/index.js';
import { aStory, Page, Story } from './messages.js';

const channels = defineChannels({
  'stories:user:{id}': Story,
  'pages:added': Page,
  'jobs:print': { payload: Story, durable: true },
});
type Declared = (typeof channels)['declarations'];

@Injectable()
class Shelf {
  readonly heard: string[] = [];

  @OnChannel(channels, 'stories:user:{id}', { onGap: 'reread' })
  add(story: Story, { params }: { params: { id: string } }): void {
    this.heard.push(`${params.id}: ${story.title}`);
  }

  @OnChannel(channels, 'stories:user:{id}', { params: { id: 7 } })
  @OnChannel(channels, 'pages:added')
  note(item: Story | Page): void {
    this.heard.push(item.constructor.name);
    if ('text' in item && item.text === 'fail') throw new Error('shelf is full');
  }

  @OnChannel(channels, 'jobs:print')
  print({ title }: Story): void {
    this.heard.push(`print ${title}`);
  }

  reread(): void {
    this.heard.push('reread');
  }
}

@Controller()
class StreamController {
  constructor(@Inject(ChannelService) private readonly service: ChannelService<Declared>) {}

  @Sse('stories')
  stories(): Observable<MessageEvent> {
    return channelStream(this.service, 'stories:user:{id}', { params: { id: 7 } });
  }
}

/** A socket that writes down what it is sent. */
class NotedSocket implements RelaySocket {
  readonly sent: [string, unknown][] = [];
  emit(event: string, data: unknown): void {
    this.sent.push([event, data]);
  }
}

describe('ChannelModule', () => {
  let server: RedisServer;
  let direct: RedisPort;
  let app: TestingModule | undefined;
  let logged: jest.SpiedFunction<Logger['error']>;

  beforeEach(async () => {
    jest.spyOn(Logger.prototype, 'warn').mockReturnValue(undefined);
    logged = jest.spyOn(Logger.prototype, 'error').mockReturnValue(undefined);
    server = await RedisServer.start();
    direct = createRedis({ url: server.url, deadline: '2s' });
    await direct.connect();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await direct.close();
    await server.stop();
    jest.restoreAllMocks();
  });

  const redisOptions = () => ({ url: server.url, deadline: '2s' as const });
  const options = () => ({ channels, namespace: 'shop', redis: redisOptions() });

  async function boot(...providers: Type[]): Promise<TestingModule> {
    app = await Test.createTestingModule({ imports: [ChannelModule.forRoot(options())], providers }).compile();
    return app.init();
  }

  /** Until a channel is heard by so many connections. */
  const untilHeard = async (subscribed: number) =>
    eventually(async () => {
      const [names, patterns] = await Promise.all([
        direct.send('PUBSUB', ['CHANNELS']) as Promise<unknown[]>,
        direct.send('PUBSUB', ['NUMPAT']),
      ]);
      return names.length + Number(patterns) === subscribed;
    });

  it('calls the decorated methods of providers with messages, on their instance', async () => {
    const { get } = await boot(Shelf).then((module) => ({ get: module.get.bind(module) }));
    const service = get<ChannelService<Declared>>(ChannelService);
    const shelf = get(Shelf);
    await untilHeard(4);
    await service.publish('stories:user:{id}', { id: 7 }, aStory);
    await service.publish('stories:user:{id}', { id: 8 }, aStory);
    await service.publish('pages:added', { text: 'once' });
    await service.publish('jobs:print', aStory);
    await eventually(() => shelf.heard.length === 5);
    expect([...shelf.heard].sort()).toEqual(['7: The moon', '8: The moon', 'Page', 'Story', 'print The moon']);
    const [group] = (await direct.send('XINFO', ['GROUPS', 'strata:shop:stream:{jobs:print}'])) as Buffer[][];
    expect(String(group?.[1])).toBe('Shelf.print');
    await direct.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
    await eventually(() => shelf.heard.includes('reread'));
  });

  it('logs what fails, and goes on', async () => {
    const module = await boot(Shelf);
    const service = module.get<ChannelService<Declared>>(ChannelService);
    await untilHeard(4);
    await service.publish('pages:added', { text: 'fail' });
    await service.publish('pages:added', { text: 'well' });
    await eventually(() => module.get(Shelf).heard.length === 2);
    expect(logged).toHaveBeenCalledWith('Shelf.note (pages:added) failed', new Error('shelf is full'));
  });

  it('boots without Redis, and closes what it has opened', async () => {
    await server.kill();
    const module = await boot(Shelf);
    const service = module.get<ChannelService<Declared>>(ChannelService);
    await expect(service.publish('pages:added', { text: 'x' })).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await server.restart();
    await direct.connect();
    await untilHeard(4);
    await module.close();
    app = undefined;
    await untilHeard(0);
    await expect(service.publish('pages:added', { text: 'x' })).rejects.toMatchObject({ reason: 'closed' });
  });

  it('takes options from a factory, and leaves a port of your own open', async () => {
    const shared = createRedis(redisOptions());
    app = await Test.createTestingModule({
      imports: [ChannelModule.forRootAsync({ useFactory: () => ({ ...options(), redis: shared }) })],
      providers: [Shelf],
    }).compile();
    await app.init();
    await untilHeard(4);
    await app.close();
    app = undefined;
    await untilHeard(0);
    expect(String(await shared.send('PING', []))).toBe('PONG');
    await shared.close();
  });

  it('streams a channel to a browser as long as that listens', async () => {
    app = await Test.createTestingModule({
      imports: [ChannelModule.forRoot(options())],
      controllers: [StreamController],
    }).compile();
    const http = app.createNestApplication();
    await http.listen(0, '127.0.0.1');
    const abort = new AbortController();
    const response = await fetch(`${await http.getUrl()}/stories`, { signal: abort.signal });
    const text = new TextDecoder();
    let body = '';
    const reading = (async () => {
      for await (const chunk of response.body ?? []) body += text.decode(chunk as Uint8Array, { stream: true });
    })().catch(() => undefined);
    await untilHeard(1);
    const service = http.get<ChannelService<Declared>>(ChannelService);
    const { id } = await service.publish('stories:user:{id}', { id: 7 }, aStory);
    await eventually(() => body.includes(id));
    expect(body).toContain('event: stories:user:{id}');
    expect(body).toContain('data: {"title":"The moon","pages":3}');
    await direct.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
    await eventually(() => body.includes('event: gap'));
    abort.abort();
    await reading;
    await untilHeard(0);
    await http.close();
    app = undefined;
  });

  it('relays a channel to the sockets that have joined it, over one subscription', async () => {
    const module = await boot();
    const service = module.get<ChannelService<Declared>>(ChannelService);
    const relay = new ChannelRelay(service);
    const failures: unknown[] = [];
    service.listen((event) => event.kind === 'handler-failed' && failures.push(event.error));
    const broken: RelaySocket = {
      emit: () => {
        throw new Error('gone');
      },
    };
    const [ada, bob] = [new NotedSocket(), new NotedSocket()];
    relay.join(broken, 'stories:user:{id}', { id: 7 });
    relay.join(ada, 'stories:user:{id}', { id: 7 });
    relay.join(ada, 'stories:user:{id}', { id: 7 });
    relay.join(bob, 'stories:user:{id}', { id: 8 });
    relay.join(bob, 'pages:added');
    await untilHeard(3);
    const { id } = await service.publish('stories:user:{id}', { id: 7 }, aStory);
    await service.publish('pages:added', { text: 'x' });
    await eventually(() => ada.sent.length === 1 && bob.sent.length === 1);
    expect(ada.sent).toEqual([
      [
        'stories:user:{id}',
        { id, sentAtMs: expect.any(Number), params: { id: '7' }, data: expect.objectContaining(aStory) },
      ],
    ]);
    expect(failures).toEqual([expect.objectContaining({ errors: [new Error('gone')] })]);
    relay.leave(broken, 'stories:user:{id}', { id: 7 });
    relay.leaveAll(bob);
    await untilHeard(1);
    await direct.send('CLIENT', ['KILL', 'TYPE', 'pubsub']);
    await eventually(() => ada.sent.length === 2);
    expect(ada.sent[1]).toEqual(['gap', { channel: 'stories:user:{id}', params: { id: 7 }, reason: 'connection' }]);
    relay.leaveAll(ada);
    await untilHeard(0);
    expect(() => relay.join(ada, 'jobs:print')).toThrow(/not for durable channels/);
  });

  describe('does not boot', () => {
    it('with a handler of channels that are not those of the module', async () => {
      const others = defineChannels({ 'pages:added': Page });
      class Stranger {
        @OnChannel(others, 'pages:added')
        hear(): void {
          // nothing comes
        }
      }
      await expect(boot(Stranger)).rejects.toMatchObject({
        code: 'INVALID_CHANNEL_HANDLER',
        message: expect.stringMatching(/^@OnChannel on Stranger.hear: its channels are not those/),
      });
    });

    it('with a handler that is made for each request', async () => {
      @Injectable({ scope: Scope.REQUEST })
      class Visitor {
        @OnChannel(channels, 'pages:added')
        hear(): void {
          // nobody is there
        }
      }
      await expect(boot(Visitor)).rejects.toThrow(/Visitor.hear: its class is made for each request/);
    });

    it('with a handler whose onGap is no method, or whose options are wrong', async () => {
      class Gapless {
        @OnChannel(channels, 'pages:added', { onGap: 'nothing' })
        hear(): void {
          // nothing comes
        }
      }
      class Greedy {
        @OnChannel(channels, 'pages:added', { queueLimit: 0 })
        hear(): void {
          // nothing comes
        }
      }
      await expect(boot(Gapless)).rejects.toThrow(/onGap is 'nothing', but there is no such method/);
      await expect(boot(Greedy)).rejects.toThrow(/Greedy.hear: The option queueLimit of channels is 0/);
    });

    it('when it is imported twice', async () => {
      @Module({ imports: [ChannelModule.forRoot({ ...options(), namespace: 'other' })] })
      class Other {}
      const building = Test.createTestingModule({ imports: [ChannelModule.forRoot(options()), Other] }).compile();
      await expect(building.then((module) => module.init())).rejects.toMatchObject({
        code: 'DUPLICATE_CHANNEL_MODULE',
      });
    });

    it('without Redis options or a namespace', async () => {
      const compile = (given: object) =>
        Test.createTestingModule({ imports: [ChannelModule.forRoot({ ...options(), ...given })] }).compile();
      await expect(compile({ redis: undefined })).rejects.toThrow(/redis of channels is missing/);
      await expect(compile({ namespace: '' })).rejects.toThrow(/namespace of channels is missing/);
    });
  });

  it('does not decorate for a channel that is not declared, or what is no method of an instance', () => {
    expect(() => OnChannel(channels, 'nothing' as 'pages:added')).toThrow(/no channel 'nothing'/);
    const decorate = OnChannel(channels, 'pages:added');
    class Static {}
    expect(() => decorate(Static, 'hear', { value: () => undefined })).toThrow(/Static.hear: a static method/);
    expect(() => decorate(Static.prototype, 'hear', {})).toThrow(/Static.hear: it is no method/);
  });
});
