import { ChannelService, defineChannels, suiteChannels } from '@nest-strata/coordination';
import { createRedis } from '@nest-strata/redis';
import { IsString, IsUUID } from 'class-validator';

declare function show(userId: string, text: string): void;
declare function readAgain(): Promise<void>;
declare function draw(storyId: string): Promise<void>;

// #region define
export class StoryCreated {
  @IsUUID() storyId!: string;
  @IsString() title!: string;
}

export const channels = defineChannels({
  ...suiteChannels, // notifications:user:{id}, system:quota_warning, …
  'events:story_created': StoryCreated,
  'jobs:illustrate': { payload: StoryCreated, durable: true },
});
export type AppChannels = (typeof channels)['declarations'];
// #endregion

// #region publish
const redis = createRedis({ url: 'redis://localhost:6379' });
const service = ChannelService.create({ channels, namespace: 'storytime' }, { redis });

service.on('notifications:user:{id}', ({ text }, { params }) => show(params.id, text), {
  onGap: () => readAgain(), // something may have been missed: here it is not any more
});
await service.publish('notifications:user:{id}', { id: 7 }, { kind: 'story_ready', text: 'Your story is ready.' });
// #endregion

// #region durable
service.on('jobs:illustrate', ({ storyId }) => draw(storyId), { group: 'illustrator', concurrency: 4 });
await service.publish('jobs:illustrate', { storyId: '7e0c4a0e-2f35-4c8a-9a53-0d7cf1a0b1de', title: 'The moon' });

for (const letter of await service.deadLetters('jobs:illustrate')) {
  console.error(letter.reason, letter.text);
  await service.redeliver('jobs:illustrate', letter.id); // once more, to its group
}
// #endregion

// #region slow
service.on('events:*', (event, { channel }) => console.log(channel, event), {
  queueLimit: 100, // then the oldest gives way
  coalesceBy: ({ channel }) => channel, // of each channel only the newest matters
});
service.listen((event) => console.warn(event.kind, event.channel));
// #endregion
