import { createHash } from 'node:crypto'
import { Alert, AlertReading, type Notification } from '#schemas/alerts/alert.ts'
import type { RuleWords } from './group.ts'

/** Alerts and notifications as tests need them. 22 November 2026, 18:55 UTC is 02:55 of the 23rd in Shanghai. */
export const AT = Date.UTC(2026, 10, 22, 18, 55)

const digits = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 32)

export const notificationId = (name: string) => `ntf_${digits(name)}`
export const groupId = (name: string) => `grp_${digits(name)}`

/** The zone page of the issue, changed as a test says. */
export function anAlert(
  change: Partial<Omit<Alert, 'reading'>> & { readonly reading?: Partial<Alert['reading']> } = {},
): Alert {
  const { reading, ...rest } = change
  return Alert.parse({
    fingerprint: digits(JSON.stringify(rest.labels ?? 'fleet')),
    rule: 'zone_danger',
    labels: { zone_set: 'fleet', zone: 'danger' },
    state: 'firing',
    severity: 'page',
    mode: 'paging',
    since_ms: AT,
    fired_ms: AT + 15 * 60_000,
    resolved_ms: null,
    because: null,
    cost_usd: 0,
    ...rest,
    reading: AlertReading.parse({
      value: 0.584,
      coverage: 0.992,
      usd_per_hour: 16_600,
      devices: 50_000,
      what: {
        en: 'Fleet busy 58.4 %, under the 60 % line',
        zh: '机群忙碌率 58.4 %，低于 60 % 线',
      },
      why: {
        en: 'job 884213 (videogen-7, 4,096 GPUs, hall 2) failed 02:51, -7.4 points',
        zh: '任务 884213（videogen-7，4,096 卡，机房 2）02:51 故障，-7.4 个百分点',
      },
      doing: {
        en: "412 waiting accelerators fit hall 2; call videogen-7's contact",
        zh: '机房 2 可容纳 412 张等待中的卡；联系 videogen-7 负责人',
      },
      known: { en: '49,611 of 50,000 reporting', zh: '50,000 台中 49,611 台上报' },
      ...reading,
    }),
  })
}

export const ZONE_WORDS: RuleWords = {
  title: { en: 'Utilization under its line', zh: '利用率低于警戒线' },
  action: { en: 'Start waiting work that fits', zh: '启动可容纳的等待任务' },
  against: 0.75,
  isZone: true,
}
export const LOST_WORDS: RuleWords = {
  title: { en: 'Device lost', zh: '设备丢失' },
  action: {
    en: 'Drain the node, reboot it once; if the device stays away open a case',
    zh: '腾空节点并重启一次；若设备仍未恢复，提交维修工单',
  },
}

export const ruleWords = (rule: string): RuleWords | null =>
  rule === 'zone_danger' ? ZONE_WORDS : rule === 'device_lost' ? LOST_WORDS : null

/** A queued message for a channel. */
export function aNotification(change: Partial<Notification> = {}): Notification {
  const alert = anAlert()
  return {
    id: notificationId('one'),
    channel: 'hook',
    group: groupId('fleet'),
    reason: 'firing',
    severity: 'page',
    urgent: true,
    at_ms: AT + 15 * 60_000,
    not_before_ms: AT + 15 * 60_000,
    fingerprints: [alert.fingerprint],
    more: 0,
    mention: '',
    lines: {
      en: [
        '[PAGE] Fleet busy 58.4 %, under the 60 % line since 02:55 (15 min)',
        'Cost $16,600/h against 75 %. 49,611 of 50,000 reporting.',
        'Why: job 884213 (videogen-7, 4,096 GPUs, hall 2) failed 02:51, -7.4 points',
        "Do: 412 waiting accelerators fit hall 2; call videogen-7's contact",
      ],
      zh: [
        '[紧急] 机群忙碌率 58.4 %，低于 60 % 线，自 02:55 起（15 分钟）',
        '损失 $16,600/h（对照 75 %）。50,000 台中 49,611 台上报。',
        '原因：任务 884213（videogen-7，4,096 卡，机房 2）02:51 故障，-7.4 个百分点',
        '处置：机房 2 可容纳 412 张等待中的卡；联系 videogen-7 负责人',
      ],
    },
    ...change,
  }
}

/** Words of our own machinery: nobody who is woken at three knows them. */
export const FORBIDDEN =
  /\b(null|undefined|NaN|Infinity|fingerprint|notification|transition|journal|watermark|settled?|evaluat\w+|outbox|epoch|lane|signal|fold|util_(hi|lo)|inhibit\w*|cursor|shard|spool|ntf_|grp_|zone_danger|device_lost|SQL|ClickHouse|NATS|object Object)\b/i
