import { describe, expect, it } from '@jest/globals';
import { ChannelRelay, type ChannelService, defineChannels, type RelaySocket, suiteChannels } from '../../src/index.js';
import { OnChannel } from '../../src/nest/index.js';
import { Page, Story } from './messages.js';

const channels = defineChannels({ 'stories:user:{id}': Story, 'pages:added': Page });
type Service = ChannelService<(typeof channels)['declarations']>;

describe('the types of channels', () => {
  it('let nothing be published that does not fit the channel', () => {
    const publish = (service: Service) => [
      service.publish('pages:added', { text: 'x' }),
      service.publish('stories:user:{id}', { id: 7 }, { title: 'x', pages: 1 }),
      // @ts-expect-error: no such channel
      service.publish('pages:removed', { text: 'x' }),
      // @ts-expect-error: the payload of another channel
      service.publish('pages:added', { title: 'x', pages: 1 }),
      // @ts-expect-error: the parameter is missing
      service.publish('stories:user:{id}', { title: 'x', pages: 1 }),
      // @ts-expect-error: the parameter has another name
      service.publish('stories:user:{id}', { user: 7 }, { title: 'x', pages: 1 }),
      // @ts-expect-error: the channel is not durable
      service.deadLetters('pages:added'),
    ];
    expect(publish).toBeInstanceOf(Function);
  });

  it('let nothing be handled as what it is not', () => {
    const handle = (service: Service, relay: ChannelRelay<(typeof channels)['declarations']>, socket: RelaySocket) => {
      service.on('stories:user:{id}', ({ title }, { params }) => title + params.id);
      service.on('pages:*', ({ text }) => text);
      // @ts-expect-error: that is what another channel says
      service.on('pages:added', ({ title }: Story) => title);
      // @ts-expect-error: the channel has no such parameter
      service.on('pages:added', (_page, { params }) => params.id);
      relay.join(socket, 'pages:added');
      // @ts-expect-error: the parameter is missing
      relay.join(socket, 'stories:user:{id}');
    };
    class Handlers {
      @OnChannel(channels, 'pages:added')
      well(page: Page): string {
        return page.text;
      }

      // @ts-expect-error: that is what another channel says
      @OnChannel(channels, 'pages:added')
      badly(story: Story): string {
        return story.title;
      }
    }
    expect([handle, Handlers]).toHaveLength(2);
  });

  it('have the channels of the suite beside your own', () => {
    const all = defineChannels({ ...suiteChannels, 'pages:added': Page });
    expect(all.names).toContain('notifications:user:{id}');
    expect(all.names).toContain('pages:added');
  });
});
