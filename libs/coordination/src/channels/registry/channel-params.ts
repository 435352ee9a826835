type ParamNames<Name extends string> = Name extends `${string}{${infer Param}}${infer Rest}`
  ? Param | ParamNames<Rest>
  : never;

/** The values for the `{…}` of a channel's name: `{ id }` for `'notifications:user:{id}'`. */
export type ChannelParams<Name extends string> = Readonly<Record<ParamNames<Name>, string | number>>;

/** {@link ChannelParams} as they arrive, which is as text. */
export type ReceivedParams<Name extends string> = Readonly<Record<ParamNames<Name>, string>>;

/** What the methods of a service take for the parameters of a channel: nothing where it has none. */
export type ParamsArgument<Name extends string> = [ParamNames<Name>] extends [never]
  ? []
  : [params: ChannelParams<Name>];
