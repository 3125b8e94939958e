import type { ChannelConfig } from '#schemas/alerts/channel-config.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import type { PostOutcome, ReportCard, ReportMail, ReportPost } from '#schemas/report/post.ts'
import type { Verdict } from '../channels/channel.ts'
import { HTTP_CHANNELS } from '../channels/registry.ts'
import { judgeRelay, reportMailOf } from '../channels/smtp.ts'
import type { Resolve } from './address.ts'
import { type AttemptPorts, reachOf, withoutSecrets } from './attempt.ts'
import type { ChannelAttempts } from './channel-attempts.ts'
import { createPost, resolveName } from './post.ts'
import { roomOf } from './rate.ts'
import { createSendMail } from './relay.ts'
import { createReadSecret } from './secrets.ts'

export interface ReportPostDeps {
  /** What alerts of this process count in, too. */
  readonly attempts: ChannelAttempts
  /** The alerting file as it stands; asked anew each time. */
  readonly config: () => AlertsConfig
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly clock: () => number
  readonly resolve?: Resolve
  /** In place of the network: the demo's receiver. */
  readonly receiver?: Pick<AttemptPorts, 'post' | 'sendMail'>
}

/** A channel takes four messages at the same time: of a relay that is slow over reports one is left for a page. */
const AT_ONCE_MAX = 3

type Ports = Pick<AttemptPorts, 'post' | 'sendMail' | 'readSecret' | 'clock'>

/** Reports through the channels of alerts: the same hosts, secrets and formats. */
export function createReportPost(deps: ReportPostDeps): ReportPost {
  const resolve = deps.resolve ?? resolveName
  const ports: Ports = {
    clock: deps.clock,
    post: deps.receiver?.post ?? createPost(resolve),
    sendMail: deps.receiver?.sendMail ?? createSendMail(resolve),
    readSecret: createReadSecret(deps.environment),
  }
  const through = async (
    name: string,
    offer: (channel: ChannelConfig, config: AlertsConfig, secrets: string[]) => Promise<Verdict>,
  ): Promise<PostOutcome> => {
    const config = deps.config()
    const channel = config.channels.find((one) => one.name === name)
    if (channel === undefined || !channel.enabled)
      return { kind: 'final', detail: `the channel ${name} is not there or not enabled` }
    const secrets: string[] = []
    try {
      return outcomeOf(withoutSecrets(await offer(channel, config, secrets), secrets))
    } catch (error) {
      const why = error instanceof Error && error.message !== '' ? error.message : 'no answer'
      const verdict = withoutSecrets({ kind: 'retry', detail: why, waitMs: null }, secrets)
      return outcomeOf(verdict)
    }
  }
  return {
    place(name) {
      const nowMs = deps.clock()
      const channel = deps.config().channels.find((one) => one.name === name)
      const attemptsMs = deps.attempts.ended(name)
      const underWay = deps.attempts.underWay(name)
      // Who asks for a channel that is gone learns it from the attempt.
      const { ordinary } =
        channel === undefined ? { ordinary: 1 } : roomOf(channel, { attemptsMs, underWay, nowMs })
      const isFree = ordinary > 0 && underWay < AT_ONCE_MAX
      return isFree ? deps.attempts.begin(name, nowMs) : null
    },
    mail: (mail, name) =>
      through(name, (channel, config, secrets) =>
        byMail(mail, { channel, config, secrets, ports }),
      ),
    card: (card, name) =>
      through(name, (channel, config, secrets) =>
        byChat(card, { channel, config, secrets, ports }),
      ),
  }
}

interface Given {
  readonly channel: ChannelConfig
  readonly config: AlertsConfig
  /** Filled with what must not be shown. */
  readonly secrets: string[]
  readonly ports: Ports
}

async function byMail(report: ReportMail, given: Given): Promise<Verdict> {
  const { channel, config, secrets, ports } = given
  const { mail } = channel
  if (mail === undefined) throw new Error('the channel has no mail section')
  const { url, entry } = await reachOf(channel, config, ports, secrets)
  const password = await ports.readSecret({ env: channel.secret_env, file: channel.secret_file })
  secrets.push(password)
  const made = reportMailOf(report, { from: mail.from, publicUrl: config.public_url ?? '' })
  const { user, starttls } = mail
  const route = { url, entry, user, password, starttls, caFile: channel.ca_file }
  return judgeRelay(await ports.sendMail(made, route))
}

async function byChat(card: ReportCard, given: Given): Promise<Verdict> {
  const { channel, config, secrets, ports } = given
  const receiver = channel.kind === 'smtp' ? undefined : HTTP_CHANNELS[channel.kind]
  if (receiver?.buildReport === undefined)
    return { kind: 'final', detail: `a ${channel.kind} channel takes no reports`, isGone: false }
  const { url, entry } = await reachOf(channel, config, ports, secrets)
  const secret = await ports.readSecret({ env: channel.secret_env, file: channel.secret_file })
  const request = receiver.buildReport(card, { url, secret }, ports.clock())
  // DingTalk's signature stands in the address.
  if (secrets.includes(url)) secrets.push(request.url)
  secrets.push(secret)
  const route = { entry, proxy: channel.proxy, caFile: channel.ca_file }
  return receiver.judge(await ports.post(request, route))
}

function outcomeOf(verdict: Verdict): PostOutcome {
  const { detail } = verdict
  return verdict.kind === 'retry'
    ? { kind: 'retry', detail, waitMs: verdict.waitMs }
    : { kind: verdict.kind, detail }
}
