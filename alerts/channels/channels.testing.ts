import { anAlert, aNotification } from '../message/message.testing.ts'
import type { ChannelMessage, ChannelTarget } from './channel.ts'

/** A message as channels get it, and where it goes. The secrets are made up. */
export function aMessage(change: Partial<ChannelMessage> = {}): ChannelMessage {
  return {
    notification: aNotification(),
    alerts: [anAlert()],
    language: 'en',
    links: {
      chart: 'https://plimsoll.example/alerts/grp_1',
      runbook: 'https://plimsoll.example/runbooks/zone-danger',
      ack: 'https://plimsoll.example/alerts/do/ack?t=1',
      silence: 'https://plimsoll.example/alerts/do/silence?t=2',
    },
    person: null,
    timeZone: 'Asia/Shanghai',
    publicUrl: 'https://plimsoll.example',
    ...change,
  }
}

export const WANG = {
  name: 'Wang Lei',
  slack: 'U012AB3CD',
  feishu: 'ou_0123456789abcdef',
  dingtalk: '13800000000',
  wecom: 'wanglei',
  mail: 'wang@site.example',
}

export const TARGETS: Readonly<Record<string, ChannelTarget>> = {
  webhook: {
    url: 'https://alerts.site.example/hook',
    secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  },
  pagerduty: {
    url: 'https://events.pagerduty.com/v2/enqueue',
    secret: 'R0123456789abcdefR0123456789abcd',
  },
  alertmanager: { url: 'http://am.site.example:9093', secret: '' },
  slack: { url: 'https://hooks.slack.com/services/T000/B000/XXXX', secret: '' },
  feishu: { url: 'https://open.feishu.cn/open-apis/bot/v2/hook/0000', secret: 'demo' },
  dingtalk: { url: 'https://oapi.dingtalk.com/robot/send?access_token=XXX', secret: 'SECdemo' },
  wecom: { url: 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0000', secret: '' },
}

export const targetOf = (kind: string): ChannelTarget => {
  const target = TARGETS[kind]
  if (target === undefined) throw new Error(`no target for ${kind}`)
  return target
}
