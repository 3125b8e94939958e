import { AlertsConfig } from '#schemas/alerts/config.ts'
import type { ChannelKind } from '#schemas/alerts/channel-config.ts'
import type { DemoMessage } from '#schemas/alerts/demo-message.ts'
import type { HttpRequest } from './channels/channel.ts'
import { HTTP_CHANNELS } from './channels/registry.ts'
import { previewMail } from './channels/smtp.ts'
import type { AttemptPorts } from './deliver/attempt.ts'

/** Messages kept; the oldest go. */
const KEPT = 200

/** What each vendor answers when it took a message. */
const ANSWERS: Readonly<Record<Exclude<ChannelKind, 'smtp'>, readonly [number, string]>> = {
  webhook: [204, ''],
  pagerduty: [202, '{"status":"success","message":"Event processed","dedup_key":"demo"}'],
  alertmanager: [200, ''],
  slack: [200, 'ok'],
  feishu: [200, '{"code":0,"msg":"success"}'],
  dingtalk: [200, '{"errcode":0,"errmsg":"ok"}'],
  wecom: [200, '{"errcode":0,"errmsg":"ok"}'],
}

/** One channel of each kind, so that the demo shows a message as every vendor would. None leaves this machine. */
export const DEMO_ALERTS_CONFIG = (publicUrl: string, timeZone: string): AlertsConfig =>
  AlertsConfig.parse({
    public_url: publicUrl,
    time_zone: timeZone,
    allowed_hosts: [{ host: '*.demo.invalid' }],
    channels: [
      { name: 'pagerduty', kind: 'pagerduty', secret_env: 'DEMO_KEY', rings: true },
      { name: 'slack', kind: 'slack', target_env: 'DEMO_SLACK' },
      {
        name: 'feishu',
        kind: 'feishu',
        target_env: 'DEMO_FEISHU',
        secret_env: 'DEMO_KEY',
        language: 'zh',
      },
      {
        name: 'dingtalk',
        kind: 'dingtalk',
        target_env: 'DEMO_DINGTALK',
        secret_env: 'DEMO_KEY',
        language: 'zh',
      },
      { name: 'wecom', kind: 'wecom', target_env: 'DEMO_WECOM', language: 'both' },
      {
        name: 'webhook',
        kind: 'webhook',
        target: 'https://hook.demo.invalid/',
        secret_env: 'DEMO_HOOK',
      },
      { name: 'alertmanager', kind: 'alertmanager', target: 'http://am.demo.invalid:9093' },
      {
        name: 'mail',
        kind: 'smtp',
        target: 'smtp://relay.demo.invalid:587',
        mail: { from: 'plimsoll@demo.invalid', to: ['oncall@demo.invalid'] },
      },
    ],
    routes: [
      {
        severities: ['page'],
        channels: [
          'pagerduty',
          'slack',
          'feishu',
          'dingtalk',
          'wecom',
          'webhook',
          'alertmanager',
          'mail',
        ],
        mention_on_call: true,
      },
      { severities: ['warn', 'data'], channels: ['slack', 'feishu', 'webhook', 'alertmanager'] },
      { channels: ['mail'] },
    ],
    operations: ['slack'],
    reports: {
      owner: ['slack'],
      recipients: [
        { mail: 'management@demo.invalid', language: 'both', attach: ['pdf', 'xlsx'] },
        { channel: 'feishu' },
        { channel: 'wecom' },
        { channel: 'slack' },
      ],
    },
    roster: {
      people: [
        { name: 'Wang Lei', slack: 'U0DEMO0001', feishu: 'ou_00000000000000d1', wecom: 'wanglei' },
        { name: 'Ada', slack: 'U0DEMO0002', feishu: 'ou_00000000000000d2', wecom: 'ada' },
      ],
      rotation: { people: ['Wang Lei', 'Ada'], starts: '2026-11-02' },
    },
  })

/** Secrets of that file: they open nothing. */
export const DEMO_ENVIRONMENT: Readonly<Record<string, string>> = {
  DEMO_KEY: 'd'.repeat(32),
  DEMO_HOOK: `whsec_${Buffer.from('demo-secret-that-opens-nothing').toString('base64')}`,
  DEMO_SLACK: 'https://hooks.slack.com/services/demo/demo/demo',
  DEMO_FEISHU: 'https://open.feishu.cn/open-apis/bot/v2/hook/demo',
  DEMO_DINGTALK: 'https://oapi.dingtalk.com/robot/send?access_token=demo',
  DEMO_WECOM: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=demo',
}

/** Takes the place of every receiver and of the network. */
export interface DemoReceiver extends Pick<AttemptPorts, 'post' | 'sendMail'> {
  /** The last messages, newest first. */
  messages(): readonly DemoMessage[]
}

export function createDemoReceiver(clock: () => number): DemoReceiver {
  const kept: DemoMessage[] = []
  let sequence = 0
  const keep = (message: Omit<DemoMessage, 'sequence' | 'at_ms'>) => {
    sequence += 1
    kept.unshift({ sequence, at_ms: clock(), ...message })
    kept.splice(KEPT)
  }
  return {
    post(request) {
      const kind = kindOf(request)
      const [status, body] = ANSWERS[kind]
      const { url, headers } = request
      keep({
        kind,
        request: { url, headers: { ...headers }, body: request.body },
        blocks: request.body === '' ? [] : HTTP_CHANNELS[kind].preview(request),
      })
      return Promise.resolve({ status, headers: {}, body })
    },
    sendMail(mail, { url }) {
      const { headers, html, attachments = [], ...fields } = mail
      // Of the page and the files only the sizes: they can be read where reports are.
      const sizes = attachments.map(({ fileName, mediaType, bytes }) => ({
        fileName,
        mediaType,
        bytes: bytes.length,
      }))
      const body = JSON.stringify({
        ...fields,
        ...(html === undefined ? {} : { html_bytes: Buffer.byteLength(html), attachments: sizes }),
      })
      keep({
        kind: 'smtp',
        request: { url, headers: { ...headers }, body },
        blocks: previewMail(body),
      })
      return Promise.resolve({ code: 250, reply: '250 OK', takenFor: mail.to.length, refused: [] })
    },
    messages: () => kept,
  }
}

const HOSTS: Readonly<Record<string, Exclude<ChannelKind, 'smtp'>>> = {
  'events.pagerduty.com': 'pagerduty',
  'hooks.slack.com': 'slack',
  'open.feishu.cn': 'feishu',
  'oapi.dingtalk.com': 'dingtalk',
  'qyapi.weixin.qq.com': 'wecom',
}

function kindOf({ url }: HttpRequest): Exclude<ChannelKind, 'smtp'> {
  const { hostname, pathname } = new URL(url)
  return HOSTS[hostname] ?? (pathname.endsWith('/api/v2/alerts') ? 'alertmanager' : 'webhook')
}
