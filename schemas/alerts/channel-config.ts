import { z } from 'zod'

/** Kinds of receivers; each is one file in alerts/channels/. */
export const CHANNEL_KINDS = [
  'webhook',
  'pagerduty',
  'alertmanager',
  'slack',
  'feishu',
  'dingtalk',
  'wecom',
  'smtp',
] as const
export type ChannelKind = (typeof CHANNEL_KINDS)[number]

/** In which language a channel's messages are; `both` = English, then Chinese, in one message. */
export const CHANNEL_LANGUAGES = ['en', 'zh', 'both'] as const

/** Name of a channel, as routes and notifications use it. */
export const ChannelName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, {
  error: 'must be 1 to 64 of a-z, 0-9, _ and -, and not begin with _ or -',
})

const variable = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, {
  error: 'must be the name of an environment variable, not the secret',
})
const file = z.string().min(1).max(1024)

/** Kinds whose whole address is a secret: whoever has it can post. */
export const SECRET_TARGET_KINDS: readonly ChannelKind[] = ['slack', 'feishu', 'dingtalk', 'wecom']

/** Where a channel of this kind leads when the file does not say. */
export const DEFAULT_TARGETS: Readonly<Partial<Record<ChannelKind, string>>> = {
  pagerduty: 'https://events.pagerduty.com/v2/enqueue',
}

/** Hosts that a kind may always reach; all others must be in `allowed_hosts`. */
export const VENDOR_HOSTS: Readonly<Partial<Record<ChannelKind, readonly string[]>>> = {
  pagerduty: ['events.pagerduty.com', 'events.eu.pagerduty.com'],
  slack: ['hooks.slack.com'],
  feishu: ['open.feishu.cn', 'open.larksuite.com'],
  dingtalk: ['oapi.dingtalk.com'],
  wecom: ['qyapi.weixin.qq.com'],
}

/** Messages a minute and at once. */
export interface Rate {
  readonly per_minute: number
  readonly burst: number
}

/**
 * Most messages of a channel unless the file says less, below what the vendor allows (facts: Feishu 100/min and 5/s,
 * DingTalk 20/min and then 10 minutes of silence, WeCom 20/min, Slack about 1/s).
 */
export const DEFAULT_RATES: Readonly<Record<ChannelKind, Rate>> = {
  webhook: { per_minute: 120, burst: 20 },
  pagerduty: { per_minute: 60, burst: 20 },
  alertmanager: { per_minute: 240, burst: 40 },
  slack: { per_minute: 30, burst: 5 },
  feishu: { per_minute: 60, burst: 4 },
  dingtalk: { per_minute: 15, burst: 5 },
  wecom: { per_minute: 15, burst: 5 },
  smtp: { per_minute: 20, burst: 10 },
}

export const MailAddress = z.string().regex(/^[^\s@<>,;"]{1,64}@[^\s@<>,;"]{1,190}$/, {
  error: 'must be a mail address such as oncall@site.example',
})

/** One receiver of the alerting file. Secrets are named, never written: an environment variable or a file. */
export const ChannelConfig = z.strictObject({
  name: ChannelName,
  kind: z.enum(CHANNEL_KINDS),
  enabled: z.boolean().default(true),
  /** URL; `smtp://host:587` or `smtps://host:465` for mail; the base address for an Alertmanager. */
  target: z.string().min(1).max(2048).optional(),
  target_env: variable.optional(),
  target_file: file.optional(),
  language: z.enum(CHANNEL_LANGUAGES).optional(),
  /** It wakes people: a phone rings. A chat does not. */
  rings: z.boolean().default(false),
  /**
   * webhook: `whsec_…`, several separated by spaces while a key is exchanged. pagerduty: routing key. feishu, dingtalk:
   * signing secret. alertmanager: `user:password` or a bearer token. smtp: password.
   */
  secret_env: variable.optional(),
  secret_file: file.optional(),
  /**
   * pagerduty: secret of a V3 webhook subscription that tells acknowledgements back to
   * `POST /api/v1/inbound/pagerduty/<name>`; several separated by spaces while a key is exchanged.
   */
  inbound_secret_env: variable.optional(),
  inbound_secret_file: file.optional(),
  /** `http://host:port`: requests go through this proxy by CONNECT, which then looks names up. */
  proxy: z.string().max(512).optional(),
  /** PEM file of the authorities to trust for this channel, instead of the usual ones. */
  ca_file: file.optional(),
  /** Messages a minute and at once; never above what the vendor takes. */
  rate: z
    .strictObject({
      per_minute: z.int().min(1).max(600),
      burst: z.int().min(1).max(100).default(5),
    })
    .optional(),
  /** The channel that takes over pages this one could not deliver for 3 minutes. */
  failover: ChannelName.optional(),
  /** smtp only. */
  mail: z
    .strictObject({
      from: MailAddress,
      to: z.array(MailAddress).min(1).max(50),
      user: z.string().min(1).max(256).optional(),
      /** `required`: the mail waits rather than go out in the clear. Ignored with `smtps://`. */
      starttls: z.enum(['required', 'if_offered', 'off']).default('required'),
    })
    .optional(),
})
export type ChannelConfig = z.infer<typeof ChannelConfig>

/** A mistake of one channel: the key it is at, and what. */
export interface ChannelMistake {
  readonly key: string
  readonly message: string
}

/** What is wrong with a channel beyond the form of its keys. */
export function channelMistakes(channel: ChannelConfig): ChannelMistake[] {
  const mistakes: ChannelMistake[] = []
  const add = (key: string, message: string) => mistakes.push({ key, message })
  const given = [channel.target, channel.target_env, channel.target_file].filter(
    (value) => value !== undefined,
  )
  if (given.length > 1) add('target', 'say one of target, target_env and target_file')
  if (given.length === 0 && DEFAULT_TARGETS[channel.kind] === undefined)
    add('kind', `a ${channel.kind} channel needs target, target_env or target_file`)
  if (channel.target !== undefined) {
    if (SECRET_TARGET_KINDS.includes(channel.kind))
      add('target', 'this address is a secret: name it by target_env or target_file')
    const wrong = targetMistake(channel.kind, channel.target)
    if (wrong !== null) add('target', wrong)
  }
  if (channel.secret_env !== undefined && channel.secret_file !== undefined)
    add('secret_env', 'say one of secret_env and secret_file')
  const hasSecret = channel.secret_env !== undefined || channel.secret_file !== undefined
  if (!hasSecret && (channel.kind === 'webhook' || channel.kind === 'pagerduty'))
    add('kind', `a ${channel.kind} channel needs secret_env or secret_file`)
  if (hasSecret && (channel.kind === 'slack' || channel.kind === 'wecom'))
    add('secret_env', `a ${channel.kind} channel has no secret but its address`)
  if (channel.inbound_secret_env !== undefined && channel.inbound_secret_file !== undefined)
    add('inbound_secret_env', 'say one of inbound_secret_env and inbound_secret_file')
  if (channel.inbound_secret_env !== undefined && channel.kind !== 'pagerduty')
    add('inbound_secret_env', 'only pagerduty channels tell acknowledgements back')
  if (channel.inbound_secret_file !== undefined && channel.kind !== 'pagerduty')
    add('inbound_secret_file', 'only pagerduty channels tell acknowledgements back')
  if (channel.kind === 'smtp' && channel.mail === undefined)
    add('kind', 'an smtp channel needs mail: {from, to}')
  if (channel.kind !== 'smtp' && channel.mail !== undefined)
    add('mail', 'only smtp channels have it')
  if (channel.kind === 'smtp' && channel.proxy !== undefined)
    add('proxy', 'mail goes to a relay directly: name the relay that is reachable')
  if (channel.proxy !== undefined && !isUrlOf(channel.proxy, ['http:']))
    add('proxy', 'must be http://host:port')
  if (channel.rate !== undefined) {
    const most = DEFAULT_RATES[channel.kind]
    const isChat = channel.kind !== 'webhook' && channel.kind !== 'alertmanager'
    if (isChat && channel.rate.per_minute > most.per_minute)
      add('rate', `at most ${most.per_minute} a minute for ${channel.kind}`)
  }
  if (channel.failover === channel.name) add('failover', 'a channel cannot take over from itself')
  return mistakes
}

/** What is wrong with an address of a channel, or null. Also asked of addresses that come from the environment. */
export function targetMistake(kind: ChannelKind, target: string): string | null {
  if (kind === 'smtp')
    return isUrlOf(target, ['smtp:', 'smtps:'])
      ? null
      : 'must be smtp://host:port or smtps://host:port'
  const schemes = kind === 'webhook' || kind === 'alertmanager' ? ['http:', 'https:'] : ['https:']
  if (isUrlOf(target, schemes)) return null
  return `must be an address that begins with ${schemes.map((one) => `${one}//`).join(' or ')}, without user or password`
}

function isUrlOf(text: string, schemes: readonly string[]): boolean {
  const url = URL.parse(text)
  if (url === null || !schemes.includes(url.protocol)) return false
  return url.hostname !== '' && url.username === '' && url.password === ''
}
