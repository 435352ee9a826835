import type { ChannelMessage } from '../channel-message.js';
import type { ChannelService } from '../channel.service.js';
import type { ChannelSubscription, HandlerOptions } from '../handler-options.js';
import type { ParamsArgument } from '../registry/channel-params.js';
import type { ChannelDeclarations } from '../registry/define-channels.js';

/** A connection to a browser, such as a socket of Socket.IO; for one of `ws`, write an `emit` that sends JSON. */
export interface RelaySocket {
  emit(event: string, data: unknown): unknown;
}

/** What a socket is sent, as an event with the name of the channel. */
export interface RelayedMessage {
  readonly id: string;
  readonly sentAtMs: number;
  readonly params: Readonly<Record<string, string>>;
  readonly data: unknown;
}

/** What a socket is sent as the event `gap`: messages of this channel may be missing before what comes next. */
export interface RelayedGap {
  readonly channel: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly reason: string;
}

interface Room {
  readonly sockets: Set<RelaySocket>;
  readonly subscription: ChannelSubscription;
}

/**
 * Passes channels on to sockets; for WebSocket gateways. A channel is heard once, however many sockets have joined it.
 * Who may join what is for the gateway to decide. Durable channels are not for relays.
 *
 * @example
 * @SubscribeMessage('follow')
 * follow(@ConnectedSocket() socket: Socket) {
 *   this.relay.join(socket, 'notifications:user:{id}', { id: socket.data.userId });
 * }
 * handleDisconnect(socket: Socket) {
 *   this.relay.leaveAll(socket);
 * }
 */
export class ChannelRelay<Declared extends ChannelDeclarations> {
  readonly #service: ChannelService<Declared>;
  readonly #rooms = new Map<string, Room>();

  constructor(service: ChannelService<Declared>) {
    this.#service = service;
  }

  /**
   * From now on the socket gets what is published on the channel. Once is enough.
   *
   * @throws UnknownChannelError, InvalidChannelParamsError, InvalidChannelOptionsError
   */
  join<Name extends Extract<keyof Declared, string>>(
    socket: RelaySocket,
    channel: Name,
    ...given: ParamsArgument<Name>
  ): void {
    const [params = {}] = given as [Readonly<Record<string, string | number>>?];
    const key = this.#service.channels.get(channel).template.fill(params);
    const room = this.#rooms.get(key) ?? this.#open(key, channel, params);
    room.sockets.add(socket);
  }

  /** The socket gets no more of the channel. */
  leave<Name extends Extract<keyof Declared, string>>(
    socket: RelaySocket,
    channel: Name,
    ...given: ParamsArgument<Name>
  ): void {
    const [params = {}] = given as [Readonly<Record<string, string | number>>?];
    this.#remove(socket, this.#service.channels.get(channel).template.fill(params));
  }

  /** The socket gets nothing more; to be called when it is disconnected. */
  leaveAll(socket: RelaySocket): void {
    for (const key of [...this.#rooms.keys()]) this.#remove(socket, key);
  }

  #open(key: string, channel: string, params: Readonly<Record<string, string | number>>): Room {
    const sockets = new Set<RelaySocket>();
    const options: HandlerOptions = {
      params,
      name: `relay of ${key}`,
      onGap: (reason) => emitToAll(sockets, 'gap', { channel, params, reason } satisfies RelayedGap),
    };
    const handle = (data: unknown, message: ChannelMessage) => {
      const { id, sentAtMs } = message;
      emitToAll(sockets, channel, { id, sentAtMs, params: message.params, data } satisfies RelayedMessage);
    };
    const subscription = this.#service.on(channel as never, handle, options);
    const room = { sockets, subscription };
    this.#rooms.set(key, room);
    return room;
  }

  #remove(socket: RelaySocket, key: string): void {
    const room = this.#rooms.get(key);
    if (room?.sockets.delete(socket) !== true || room.sockets.size > 0) return;
    this.#rooms.delete(key);
    void room.subscription.close();
  }
}

/** A socket that throws keeps nothing from the others; what it threw is told as the failure of a handler. */
function emitToAll(sockets: ReadonlySet<RelaySocket>, event: string, data: unknown): void {
  const errors: unknown[] = [];
  for (const socket of [...sockets]) {
    try {
      socket.emit(event, data);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} sockets could not be written to`);
}
