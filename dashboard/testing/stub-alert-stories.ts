import type { AlertDetail, AlertItem, TimelineEntry } from '#schemas/api-alerts.ts'
import { noise } from './stub-fleet.ts'

/** TEST ONLY. What is wrong with the made-up fleet: one alert of each kind, and what was before. */

const MINUTE_MS = 60_000
const digits = (n: number) => n.toString(16).padStart(32, '0')

const READING: AlertItem['reading'] = {
  value: null,
  low: null,
  high: null,
  coverage: null,
  usd_per_hour: null,
  devices: null,
  what: null,
  why: null,
  doing: null,
  known: null,
}

type Story = Pick<AlertItem, 'rule' | 'labels' | 'severity' | 'title' | 'action' | 'line'> &
  Partial<AlertItem> & { readonly number: number; readonly minutes: number }

function item({ number, minutes, ...story }: Story, nowMs: number): AlertItem {
  const since = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - minutes * MINUTE_MS
  return {
    fingerprint: digits(number),
    state: 'firing',
    mode: 'paging',
    since_ms: since,
    fired_ms: since + 2 * MINUTE_MS,
    resolved_ms: null,
    because: null,
    reading: READING,
    cost_usd: 0,
    group: `grp_${digits(number)}`,
    runbook: story.rule.replaceAll('_', '-'),
    urgent: false,
    ack: null,
    suppressed_by: null,
    would_have_paged: null,
    ...story,
  }
}

export function alertsAt(nowMs: number): AlertItem[] {
  const ecc = item(
    {
      number: 3,
      minutes: 95,
      rule: 'ecc_uncorrected',
      labels: { node: 'h1-r02-n03', rack: 'h1-r02', vendor: 'nvidia' },
      severity: 'ticket',
      title: { en: 'Uncorrected memory errors', zh: '不可纠正的内存错误' },
      line: {
        en: '[TICKET] Uncorrected memory errors, h1-r02-n03',
        zh: '[工单] 不可纠正的内存错误，h1-r02-n03',
      },
      action: {
        en: 'Tell the job’s owner that its data is suspect, reset the device, watch for repeats.',
        zh: '告知作业负责人数据可疑，重置设备，留意是否再次出现。',
      },
      reading: { ...READING, value: 3, devices: 1, usd_per_hour: 2.1, coverage: 1 },
    },
    nowMs,
  )
  return [zoneAlert(nowMs), flowAlert(nowMs), silentAlert(nowMs), ecc, ...untold(nowMs)]
}

const zoneAlert = (nowMs: number): AlertItem =>
  item(
    {
      number: 1,
      minutes: 47,
      rule: 'zone_danger',
      labels: { zone_set: 'fleet', zone: 'danger' },
      severity: 'page',
      urgent: true,
      title: { en: 'Utilization under the danger line', zh: '利用率低于危险线' },
      line: {
        en: '[PAGE] Fleet busy 58.4 %, under the 60 % line for 47 min',
        zh: '[紧急] 机群繁忙率 58.4 %，低于 60 % 线已 47 分钟',
      },
      action: {
        en: '412 waiting accelerators fit hall 2; call videogen-7’s contact.',
        zh: '有 412 卡的排队作业可放入 2 号机房；联系 videogen-7 的负责人。',
      },
      reading: {
        ...READING,
        value: 0.584,
        low: 0.579,
        high: 0.587,
        coverage: 0.9922,
        usd_per_hour: 16_600,
        devices: 50_000,
        why: {
          en: 'job 884213 (videogen-7, 4,096 GPUs, hall 2) failed 02:51, −7.4 points',
          zh: '作业 884213（videogen-7，4,096 卡，2 号机房）于 02:51 失败，−7.4 个百分点',
        },
        known: { en: '49,611 of 50,000 reporting.', zh: '50,000 台中 49,611 台在上报。' },
      },
      cost_usd: 12_460,
    },
    nowMs,
  )

const flowAlert = (nowMs: number): AlertItem =>
  item(
    {
      number: 2,
      minutes: 6,
      rule: 'coolant_flow',
      labels: { loop: 'h1-liquid', hall: 'h1' },
      severity: 'warn',
      title: { en: 'Coolant flow falls', zh: '冷却液流量下降' },
      line: {
        en: '[WARN] Coolant flow falls, h1-liquid: 61 % of rated',
        zh: '[预警] 冷却液流量下降，h1-liquid：为额定值的 61 %',
      },
      action: {
        en: 'Look for a stopped pump and a closed valve; check the other units before work is moved.',
        zh: '检查是否有停泵或关闭的阀门；搬移作业前先检查其他机组。',
      },
      reading: { ...READING, value: 0.61, coverage: 1, devices: 1_024 },
      ack: {
        group: `grp_${digits(2)}`,
        at_ms: nowMs - 3 * MINUTE_MS,
        until_ms: nowMs + 237 * MINUTE_MS,
        who: 'wang',
        comment: 'on my way to the pump room',
      },
    },
    nowMs,
  )

const silentAlert = (nowMs: number): AlertItem =>
  item(
    {
      number: 4,
      minutes: 12,
      rule: 'zone_warn',
      labels: { hall: 'h3', zone_set: 'halls', zone: 'warn' },
      severity: 'warn',
      state: 'held',
      because: {
        en: 'only 71.3 % of hall 3 is reporting',
        zh: '3 号机房仅 71.3 % 在上报',
      },
      title: { en: 'Utilization under the warning line', zh: '利用率低于预警线' },
      line: {
        en: '[ON HOLD] Hall h3 busy: cannot be judged for 12 min',
        zh: '[暂缓] h3 机房繁忙率：无法判断已 12 分钟',
      },
      action: {
        en: 'Bring reporting back. Until then this is neither well nor over.',
        zh: '先恢复上报。在此之前，既不能认为正常，也不能认为已结束。',
      },
      reading: { ...READING, coverage: 0.713 },
    },
    nowMs,
  )

/** Open, and nobody is told. */
function untold(nowMs: number): AlertItem[] {
  const shared = {
    rule: 'node_silent',
    title: { en: 'Node silent', zh: '节点无上报' },
    action: { en: 'Check the collector on the node.', zh: '检查节点上的采集器。' },
  }
  return [
    item(
      {
        ...shared,
        number: 5,
        minutes: 5,
        labels: { node: 'h1-r03-n02', rack: 'h1-r03' },
        severity: 'data',
        line: { en: '[DATA] Node silent, h1-r03-n02', zh: '[数据] 节点无上报，h1-r03-n02' },
        suppressed: { kind: 'inhibited', by: digits(2) },
        suppressed_by: {
          en: 'explained by: Coolant flow falls, h1-liquid',
          zh: '已由此解释：冷却液流量下降，h1-liquid',
        },
      },
      nowMs,
    ),
    item(
      {
        number: 6,
        minutes: 31,
        rule: 'forecast_zone',
        labels: { zone_set: 'fleet', zone: 'danger' },
        severity: 'page',
        mode: 'observing',
        group: null,
        title: { en: 'Danger line ahead', zh: '即将跌破危险线' },
        line: {
          en: '[PAGE] Fleet busy will be under 60 % in 38 min (25 to 55 min)',
          zh: '[紧急] 机群繁忙率将在 38 分钟内（25 至 55 分钟）低于 60 %',
        },
        action: {
          en: 'Pull queued work forward or move the maintenance of 04:00.',
          zh: '提前排队作业，或推迟 04:00 的维护。',
        },
        reading: { ...READING, value: 0.61, coverage: 0.9922, usd_per_hour: 15_000 },
        would_have_paged: 3,
      },
      nowMs,
    ),
    item(
      {
        ...shared,
        number: 7,
        minutes: 1,
        labels: { node: 'h2-r01-n08', rack: 'h2-r01' },
        severity: 'data',
        state: 'pending',
        fired_ms: null,
        group: null,
        line: { en: '[DATA] Node silent, h2-r01-n08', zh: '[数据] 节点无上报，h2-r01-n08' },
      },
      nowMs,
    ),
  ]
}

/** What fired before, newest first, with what is still open. */
export function historyAt(nowMs: number): AlertItem[] {
  const over = (number: number, hours: number, lasted: number): AlertItem => {
    const alert = { ...zoneAlert(nowMs), fingerprint: digits(number) }
    const since = nowMs - hours * 60 * MINUTE_MS
    return {
      ...alert,
      state: 'resolved',
      since_ms: since,
      fired_ms: since + 15 * MINUTE_MS,
      resolved_ms: since + lasted * MINUTE_MS,
      because: {
        en: 'job 884377 started on 3,584 accelerators',
        zh: '作业 884377 已在 3,584 卡上启动',
      },
      cost_usd: lasted * 277,
      line: {
        en: `[OK] Fleet busy 64.1 %. ${lasted} min under the line`,
        zh: `[恢复] 机群繁忙率 64.1 %。低于警戒线 ${lasted} 分钟`,
      },
    }
  }
  const open = alertsAt(nowMs).filter(({ fired_ms }) => fired_ms !== null)
  return [...open, over(20, 9, 57), over(21, 31, 124)]
}

export function timelineAt(alert: AlertItem, nowMs: number): TimelineEntry[] {
  const { since_ms, severity, mode, fired_ms, resolved_ms, because } = alert
  const state = { kind: 'state', severity, mode, suppressed: null, because: null } as const
  const told = {
    kind: 'told',
    severity,
    mention: 'Lin',
    line: alert.line,
    attempts: 1,
    detail: '',
  } as const
  const fired = fired_ms ?? since_ms
  const entries: TimelineEntry[] = [
    { ...state, at_ms: since_ms, from: 'inactive', to: 'pending' },
    { ...state, at_ms: fired, from: 'pending', to: 'firing' },
    {
      ...told,
      at_ms: fired + 1_000,
      id: `ntf_${digits(1)}`,
      channel: 'oncall-phone',
      reason: 'firing',
      outcome: 'accepted',
      outcome_ms: fired + 2_400,
    },
    {
      ...told,
      at_ms: fired + 1_000,
      id: `ntf_${digits(2)}`,
      channel: 'ops-chat',
      mention: '',
      reason: 'firing',
      outcome: 'dead',
      outcome_ms: fired + 130_000,
      attempts: 5,
      detail: 'the receiver answered 502 five times',
    },
  ]
  if (alert.ack !== null) {
    const { at_ms, until_ms, who, comment } = alert.ack
    entries.push({ kind: 'ack', at_ms, until_ms, who, comment })
  }
  if (alert.state === 'held')
    entries.push({ ...state, at_ms: nowMs - 4 * MINUTE_MS, from: 'firing', to: 'held', because })
  if (resolved_ms !== null)
    entries.push({ ...state, at_ms: resolved_ms, from: 'firing', to: 'resolved', because })
  return entries
}

export function valuesAt({ since_ms }: AlertItem, nowMs: number): AlertDetail['values'] {
  const count = Math.floor((nowMs - since_ms) / 15_000) + 1
  return Array.from({ length: Math.min(count, 400) }, (_value, at) => ({
    at_ms: since_ms + at * 15_000,
    value: at % 37 === 20 ? null : 0.66 - 0.05 * Math.min(1, at / 12) + 0.01 * noise(at),
  }))
}
