import { Controller, Injectable, Module, Param, Sse, type MessageEvent } from '@nestjs/common';
import { ChannelRelay, ChannelService, type RelaySocket } from '@nest-strata/coordination';
import { ChannelModule, channelStream, OnChannel } from '@nest-strata/coordination/nest';
import type { Observable } from 'rxjs';
import { type AppChannels, channels, StoryCreated } from './channels.js';

// #region module
@Injectable()
export class Illustrator {
  @OnChannel(channels, 'jobs:illustrate', { concurrency: 4 }) // the group is 'Illustrator.draw'
  async draw({ storyId, title }: StoryCreated): Promise<void> {
    console.log(`drawing ${title} (${storyId})`);
  }

  @OnChannel(channels, 'events:story_created', { onGap: 'readAgain' })
  note(story: StoryCreated): void {
    console.log(story.title);
  }

  readAgain(): void {
    console.log('reading what may have been missed');
  }
}

@Module({
  imports: [ChannelModule.forRoot({ channels, namespace: 'storytime', redis: { url: 'redis://localhost:6379' } })],
  providers: [Illustrator],
})
export class AppModule {}
// #endregion

// #region sse
@Controller('users/:id')
export class NotificationController {
  constructor(private readonly service: ChannelService<AppChannels>) {}

  @Sse('notifications') // guarded: who may listen is for you to decide
  notifications(@Param('id') id: string): Observable<MessageEvent> {
    return channelStream(this.service, 'notifications:user:{id}', { params: { id } });
  }
}
// #endregion

// #region sockets
/** The inside of a WebSocket gateway. */
@Injectable()
export class NotificationRelay {
  readonly #relay: ChannelRelay<AppChannels>;

  constructor(service: ChannelService<AppChannels>) {
    this.#relay = new ChannelRelay(service);
  }

  handleConnection(socket: RelaySocket & { readonly data: { readonly userId: string } }): void {
    this.#relay.join(socket, 'notifications:user:{id}', { id: socket.data.userId });
  }

  handleDisconnect(socket: RelaySocket): void {
    this.#relay.leaveAll(socket);
  }
}
// #endregion
