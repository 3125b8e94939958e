import { alertmanager } from './alertmanager.ts'
import type { HttpChannel } from './channel.ts'
import { dingtalk } from './dingtalk.ts'
import { feishu } from './feishu.ts'
import { pagerduty } from './pagerduty.ts'
import { slack } from './slack.ts'
import { webhook } from './webhook.ts'
import { wecom } from './wecom.ts'

/** Every receiver that is reached by HTTP. Mail (smtp.ts) is the one that is not. */
export const HTTP_CHANNELS: { readonly [Kind in HttpChannel['kind']]: HttpChannel } = {
  webhook,
  pagerduty,
  alertmanager,
  slack,
  feishu,
  dingtalk,
  wecom,
}
