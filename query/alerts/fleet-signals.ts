import type { SignalRow } from '#schemas/alerts/signals.ts'
import { contingency } from '../contingency.ts'
import { memo } from '../memo.ts'
import { alertGroups, alertLedgerCheck, alertPower } from '../queries/alert-signals.ts'
import { MINUTE_MS } from '../window.ts'
import {
  noAnswer,
  ofAll,
  perMinute,
  settledMinutes,
  share,
  type SignalDeps,
  type SignalSources,
} from './signal.ts'
import { labelsFrom } from './standing.ts'

const DAY_MINUTES = 1_440
/** Processes tell what they found every few seconds; an older word is of one that is gone. */
const CHECK_MS = 15 * MINUTE_MS
const HOUR_MINUTES = 60
const NOW_MINUTES = 5
/** A day changes slowly. */
const DAY_TTL_MS = 5 * 60_000
/** Below this share of known power a swing is one of the data. */
const POWER_COVERAGE_MIN = 0.9

type GroupRow = Awaited<ReturnType<typeof alertGroups.run>>[number]

/** Signals of the whole fleet, its clusters and halls, out of settled group minutes. */
export function fleetSignals(deps: SignalDeps): SignalSources {
  const read = async (minutes: number) => {
    const window = await settledMinutes(deps, minutes)
    if (window === null) return null
    const { toMs, ...range } = window
    return { toMs, rows: await alertGroups.run(deps.reader, range) }
  }
  const now = perMinute(deps, () => read(NOW_MINUTES))
  const hour = perMinute(deps, () => read(HOUR_MINUTES))
  const day = memo(deps.clock, DAY_TTL_MS, () => read(DAY_MINUTES))
  const ofDay = (row: (group: GroupRow) => number | null) => async () => {
    const found = await day()
    if (found === null) return noAnswer(deps.clock())
    // The day is read seldom; its answer is as new as the watermark.
    const atMs = (await now())?.toMs ?? found.toMs
    const rows = found.rows.filter(({ base_ms }) => base_ms > 0n)
    return { atMs, rows: rows.map((group) => dayRow(group, row(group))), covered: byVendor(rows) }
  }
  return {
    throttle_loss_ratio: ofDay((group) => share(group.throttled_x1000 / 1000n, group.base_ms)),
    unknown_ratio: ofDay((group) => share(group.base_ms - group.known_time_ms, group.base_ms)),
    async coverage_ratio() {
      const found = await now()
      if (found === null) return noAnswer(deps.clock())
      const halls = Map.groupBy(found.rows, ({ cluster, hall }) => JSON.stringify([cluster, hall]))
      const rows = [coverageRow(found.rows, {})]
      for (const own of halls.values()) {
        const [first] = own
        if (first !== undefined && first.hall !== '')
          rows.push(coverageRow(own, labelsFrom({ cluster: first.cluster, hall: first.hall })))
      }
      return { atMs: found.toMs, rows, covered: byVendor(found.rows) }
    },
    async ledger_breaks() {
      const now_ms = deps.clock()
      const asked = { now_ms, since_ms: now_ms - CHECK_MS }
      const [found, [check]] = await Promise.all([hour(), alertLedgerCheck.run(deps.reader, asked)])
      const { broken, example } = check ?? { broken: 0, example: '' }
      if (found === null && broken === 0) return noAnswer(now_ms)
      const isShort = found?.rows.some(({ missing_x1000: part }) => part !== 0n) ?? false
      const why = broken === 0 ? {} : { why: ledgerWhy(broken, example) }
      const row = { labels: {}, value: broken + Number(isShort), ...why }
      return { atMs: found?.toMs ?? now_ms, rows: [row], covered: ofAll(1) }
    },
    mw_swing: perMinute(deps, () => powerSwing(deps)),
    contingency_jobs: perMinute(deps, async () => {
      const window = await settledMinutes(deps, NOW_MINUTES)
      if (window === null || window.to_s - window.from_s < NOW_MINUTES * 60)
        return noAnswer(deps.clock())
      const { outcome, jobs, running_jobs, utilization, coverage, steps, sentence } =
        await contingency(deps, { zone: 'danger', filters: [] })
      const value =
        outcome === 'reachable' ? jobs : outcome === 'unreachable' ? running_jobs + 1 : null
      const devices = steps.reduce((sum, step) => sum + step.devices, 0)
      const row: SignalRow = {
        labels: {},
        value,
        coverage,
        devices,
        why: sentence,
        what: {
          en: `${value ?? 'Unknown'} ${value === 1 ? 'job' : 'jobs'} away from the danger line at ${percent(utilization)}`,
          zh: `当前 ${percent(utilization)}，${value ?? '未知'} 个任务结束即触及危险线`,
        },
      }
      return { atMs: window.toMs, rows: [row], covered: ofAll(running_jobs) }
    }),
  }
}

const percent = (value: number | null) => (value === null ? '-' : `${(value * 100).toFixed(1)} %`)
const devicesOf = (ms: bigint, minutes: number) => Math.round(Number(ms) / 60_000 / minutes)

function dayRow(group: GroupRow, value: number | null): SignalRow {
  const { cluster, hall, vendor } = group
  return {
    labels: labelsFrom({ cluster, hall, vendor }),
    value,
    coverage: share(group.known_time_ms, group.base_ms),
    devices: devicesOf(group.capacity_time_ms, DAY_MINUTES),
  }
}

function coverageRow(groups: readonly GroupRow[], labels: SignalRow['labels']): SignalRow {
  const base = groups.reduce((sum, { base_ms }) => sum + base_ms, 0n)
  const known = groups.reduce((sum, { known_time_ms }) => sum + known_time_ms, 0n)
  const value = share(known, base)
  const [all, some] = [devicesOf(base, NOW_MINUTES), devicesOf(known, NOW_MINUTES)]
  const said = (count: number) => count.toLocaleString('en-US')
  const where =
    labels.hall === undefined
      ? { en: 'Fleet', zh: '全部设备' }
      : { en: `Hall ${labels.hall}`, zh: `机房 ${labels.hall} ` }
  return {
    labels,
    value,
    coverage: value,
    devices: all - some,
    what: {
      en: `${where.en}: data of only ${percent(value)} of devices`,
      zh: `${where.zh}仅 ${percent(value)} 的设备有数据`,
    },
    known: {
      en: `${said(some)} of ${said(all)} reporting`,
      zh: `${said(all)} 卡中 ${said(some)} 卡有数据`,
    },
  }
}

function byVendor(groups: readonly GroupRow[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { vendor } of groups) counts[vendor] = (counts[vendor] ?? 0) + 1
  return counts
}

const ledgerWhy = (count: number, example: string) => ({
  en: `${count} ${count === 1 ? 'group' : 'groups'} of it: ${example}`,
  zh: `${count} 个分组：${example}`,
})

/** The largest change between two minutes of the last five, of each cluster and of all, where power is known. */
async function powerSwing(deps: SignalDeps) {
  const window = await settledMinutes(deps, NOW_MINUTES + 1)
  if (window === null) return noAnswer(deps.clock())
  const { toMs, ...range } = window
  const minutes = await alertPower.run(deps.reader, range)
  const clusters = [...Map.groupBy(minutes, ({ cluster }) => cluster)]
  const rows = clusters.map(([cluster, own]): SignalRow => {
    let [swing, devices] = [0, 0]
    for (const [at, minute] of own.entries()) {
      const before = own[at - 1]
      devices = Math.max(devices, Math.round(minute.device_count))
      if (before === undefined || minute.minute_s !== before.minute_s + 60) continue
      swing = Math.max(swing, Math.abs(minute.watts - before.watts))
    }
    const isKnown = own.length > 1 && own.every((one) => one.power_coverage >= POWER_COVERAGE_MIN)
    const value = isKnown ? swing / 1e6 : null
    const coverage = Math.min(...own.map((one) => one.power_coverage))
    const said = value === null ? '-' : value.toFixed(2)
    return {
      labels: labelsFrom({ cluster }),
      value,
      coverage,
      devices,
      what: { en: `Power moved ${said} MW in a minute`, zh: `功率一分钟内变化 ${said} MW` },
    }
  })
  return { atMs: toMs, rows, covered: ofAll(rows.length) }
}
