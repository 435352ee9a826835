export type { ChannelEvent, ChannelEventListener } from './channels/channel-events.js';
export type { ChannelMessage } from './channels/channel-message.js';
export { ChannelService } from './channels/channel.service.js';
export type {
  ChannelHandler,
  ChannelServiceOptions,
  ChannelServiceParts,
  MessageOf,
  PublishReceipt,
} from './channels/channel.service.js';
export type { DeadLetter } from './channels/durable/dead-letters.js';
export { InvalidChannelOptionsError } from './channels/errors/invalid-channel-options.error.js';
export { InvalidChannelParamsError } from './channels/errors/invalid-channel-params.error.js';
export { InvalidChannelsError } from './channels/errors/invalid-channels.error.js';
export { InvalidMessageError } from './channels/errors/invalid-message.error.js';
export { MessageTooLargeError } from './channels/errors/message-too-large.error.js';
export { UnknownChannelError } from './channels/errors/unknown-channel.error.js';
export type {
  ChannelSubscription,
  DurableHandlerOptions,
  HandlerOptions,
  LiveHandlerOptions,
} from './channels/handler-options.js';
export type { GapReason } from './channels/live/handler-queue.js';
export type { MessageHeader } from './channels/message/envelope.js';
export type { Instantiate, PayloadClass, PayloadSchema, PayloadType } from './channels/message/payload-type.js';
export type { ChannelParams, ReceivedParams } from './channels/registry/channel-params.js';
export { ChannelRelay } from './channels/relay/channel-relay.js';
export type { RelayedGap, RelayedMessage, RelaySocket } from './channels/relay/channel-relay.js';
export { defineChannels } from './channels/registry/define-channels.js';
export type {
  ChannelDeclaration,
  ChannelDeclarations,
  Channels,
  DurableNames,
  PayloadOf,
} from './channels/registry/define-channels.js';
export {
  AiAnalysisCompleted,
  BaselineViolated,
  CacheInvalidation,
  HealthCheck,
  Notification,
  QuotaWarning,
  suiteChannels,
  VersionPromoted,
} from './channels/suite-channels.js';
export { InvalidLockOptionsError } from './locks/errors/invalid-lock-options.error.js';
export { LockContendedError } from './locks/errors/lock-contended.error.js';
export { LockLostError } from './locks/errors/lock-lost.error.js';
export type { LockLostReason } from './locks/errors/lock-lost.error.js';
export { LockReentryError } from './locks/errors/lock-reentry.error.js';
export { LockTimeoutError } from './locks/errors/lock-timeout.error.js';
export { LockUnavailableError } from './locks/errors/lock-unavailable.error.js';
export type { LockUnavailableReason } from './locks/errors/lock-unavailable.error.js';
export { StaleFenceError } from './locks/errors/stale-fence.error.js';
export { FENCE_ADMITS, FenceGuard } from './locks/fencing/fence-guard.js';
export type { FenceGuardOptions } from './locks/fencing/fence-guard.js';
export type { HeldLock, LockTicket } from './locks/held/held-lock.js';
export type { LockSet } from './locks/held/lock-set.js';
export type { Lock } from './locks/held/lock.js';
export { LOCK_CHANNEL } from './locks/lock-event.js';
export type { LockEvent, LockListener } from './locks/lock-event.js';
export { LockService } from './locks/lock.service.js';
export type { LockServiceParts } from './locks/lock.service.js';
export type { AcquireOptions, LockServiceOptions, WithLockOptions } from './locks/options/lock-options.js';
export type { ReadWriteLock } from './locks/read-write-lock.js';
export type { ForceReleaseReply } from './locks/scripts/force-release.script.js';
export type { LockHolder, LockState } from './locks/scripts/inspect-lock.script.js';
export type { Semaphore, SharedLockOptions } from './locks/semaphore.js';
