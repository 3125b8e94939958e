import {
  type ChannelConfig,
  DEFAULT_TARGETS,
  targetMistake,
  VENDOR_HOSTS,
} from '#schemas/alerts/channel-config.ts'
import { type AllowedHost, type AlertsConfig, allowedEntry } from '#schemas/alerts/config.ts'
import type { Person } from '#schemas/alerts/roster-config.ts'
import {
  accepted,
  type ChannelMessage,
  type HttpRequest,
  type MessageLinks,
  retry,
  type Verdict,
} from '../channels/channel.ts'
import { HTTP_CHANNELS } from '../channels/registry.ts'
import { judgeRelay, mailOf } from '../channels/smtp.ts'
import type { OutboxItem } from './outbox.ts'
import type { Post, Route } from './post.ts'
import type { SendMail } from './relay.ts'
import { redacted, type ReadSecret } from './secrets.ts'

/** What attempts need of the world. */
export interface AttemptPorts {
  readonly post: Post
  readonly sendMail: SendMail
  readonly readSecret: ReadSecret
  readonly links: (item: OutboxItem) => MessageLinks
  readonly clock: () => number
}

/** How an attempt went. */
export interface Attempt {
  readonly verdict: Verdict
  /** HTTP status, reply code of a relay; null = nobody answered. */
  readonly status: number | null
}

/** Where a channel leads, now. */
interface Reach {
  readonly url: string
  readonly entry: AllowedHost | null
  /** For redaction. */
  readonly secrets: string[]
}

/** Offers a message to a channel once. Never rejects; nothing it says holds a secret. */
export async function attempt(
  item: OutboxItem,
  channel: ChannelConfig,
  config: AlertsConfig,
  ports: AttemptPorts,
): Promise<Attempt> {
  const secrets: string[] = []
  try {
    const reach = await reachOf(channel, config, ports, secrets)
    const made =
      channel.kind === 'smtp'
        ? await byMail(item, { channel, config, ports, reach })
        : await byHttp(item, { channel, config, ports, reach })
    return { ...made, verdict: withoutSecrets(made.verdict, secrets) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { verdict: withoutSecrets(retry(why === '' ? 'no answer' : why), secrets), status: null }
  }
}

export const withoutSecrets = (verdict: Verdict, secrets: readonly string[]): Verdict => {
  const detail = redacted(verdict.detail, secrets)
  if (verdict.kind !== 'accepted') return { ...verdict, detail }
  return { ...verdict, detail, receipt: redacted(verdict.receipt, secrets) }
}

interface Given {
  readonly channel: ChannelConfig
  readonly config: AlertsConfig
  readonly ports: AttemptPorts
  readonly reach: Reach
}

/** Where a channel leads now; its address is added to `secrets` where it is one. Rejects in words for a person. */
export async function reachOf(
  channel: ChannelConfig,
  config: AlertsConfig,
  { readSecret }: Pick<AttemptPorts, 'readSecret'>,
  secrets: string[],
): Promise<Reach> {
  const isSecret = channel.target_env !== undefined || channel.target_file !== undefined
  const url = isSecret
    ? await readSecret({ env: channel.target_env, file: channel.target_file })
    : (channel.target ?? DEFAULT_TARGETS[channel.kind] ?? '')
  if (isSecret) secrets.push(url)
  const mistake = targetMistake(channel.kind, url)
  if (mistake !== null) throw new Error(`the address of the channel ${mistake}`)
  const host = new URL(url).hostname
  const entry = allowedEntry(config.allowed_hosts, host)
  if (entry === null && VENDOR_HOSTS[channel.kind]?.includes(host) !== true)
    throw new Error(`the host ${host} is not in allowed_hosts`)
  return { url, entry, secrets }
}

/** What the channel makes a request of. */
export function messageOf(
  item: OutboxItem,
  person: Person | null,
  given: Pick<Given, 'channel' | 'config' | 'ports'>,
): ChannelMessage {
  const { channel, config, ports } = given
  return {
    notification: item.notification,
    alerts: item.alerts,
    language: channel.language ?? config.language,
    links: ports.links(item),
    person,
    timeZone: config.time_zone,
    publicUrl: config.public_url ?? '',
  }
}

const personOf = (config: AlertsConfig, name: string) =>
  config.roster.people.find((person) => person.name === name) ?? null

async function byMail(item: OutboxItem, given: Given): Promise<Attempt> {
  const { channel, config, ports, reach } = given
  const { mail } = channel
  if (mail === undefined) throw new Error('the channel has no mail section')
  const password = await ports.readSecret({ env: channel.secret_env, file: channel.secret_file })
  reach.secrets.push(password)
  const message = messageOf(item, personOf(config, item.notification.mention), given)
  const answer = await ports.sendMail(mailOf(message, mail), {
    url: reach.url,
    entry: reach.entry,
    user: mail.user,
    password,
    starttls: mail.starttls,
    caFile: channel.ca_file,
  })
  return { verdict: judgeRelay(answer), status: answer.code === 0 ? null : answer.code }
}

async function byHttp(item: OutboxItem, given: Given): Promise<Attempt> {
  const { channel, config, ports, reach } = given
  const made = new Map<string, HttpRequest>()
  const kind = channel.kind
  if (kind === 'smtp') throw new Error('mail is not sent by HTTP')
  const receiver = HTTP_CHANNELS[kind]
  const names = kind === 'pagerduty' ? item.people : [item.notification.mention]
  for (const name of names) {
    const person = personOf(config, name)
    const secret = await secretFor(channel, person, ports.readSecret)
    reach.secrets.push(secret)
    if (made.has(secret)) continue
    const message = messageOf(item, person, given)
    const request = receiver.build(message, { url: reach.url, secret }, ports.clock())
    // DingTalk's signature stands in the address.
    if (reach.secrets.includes(reach.url)) reach.secrets.push(request.url)
    made.set(secret, request)
  }
  const route: Route = { entry: reach.entry, proxy: channel.proxy, caFile: channel.ca_file }
  let last: Attempt = { verdict: accepted(), status: null }
  // Several only when an incident is resolved that was opened under the keys of several people.
  for (const request of made.values()) {
    const answer = await ports.post(request, route)
    last = { verdict: receiver.judge(answer), status: answer.status }
    if (last.verdict.kind !== 'accepted') return last
  }
  return last
}

/** A person's own PagerDuty key, else the channel's secret. */
async function secretFor(
  channel: ChannelConfig,
  person: Person | null,
  readSecret: ReadSecret,
): Promise<string> {
  const own = { env: person?.pagerduty_key_env, file: person?.pagerduty_key_file }
  const isOwn = channel.kind === 'pagerduty' && (own.env !== undefined || own.file !== undefined)
  return readSecret(isOwn ? own : { env: channel.secret_env, file: channel.secret_file })
}
