import type { AlertReading } from '#schemas/alerts/alert.ts'
import type { AlertLabels, AlertSeverity, Words } from '#schemas/alerts/severity.ts'
import type { ZoneSet } from '#schemas/alerts/zone-set.ts'
import type { ZoneLine } from '#schemas/alerts/zone-levels.ts'
import type { ZoneOutcome } from './evaluate.ts'
import { SLICE_MS } from './slices.ts'
import type { WhoToTell } from './who.ts'

/** Severity of each line before anybody asked whether there is something to do. */
const SEVERITY: Readonly<Record<ZoneLine, AlertSeverity>> = {
  danger: 'page',
  warn: 'warn',
  watch: 'ticket',
  ticket: 'ticket',
}

/**
 * How much an outcome wants of people; null = nothing. A scope that is too small for too short a time, or outside its
 * schedule, pages nobody and warns. `who` is asked for where this says `page`.
 */
export function zoneSeverity(
  set: ZoneSet,
  outcome: ZoneOutcome,
  timeZone: string,
): AlertSeverity | null {
  if (outcome.state === 'ok') return null
  if (outcome.zone === null) return 'data'
  const severity = SEVERITY[outcome.zone]
  if (severity !== 'page') return severity
  const under = outcome.open.danger?.deviceMinutes ?? 0
  const mayPage = under >= set.min_device_minutes && isScheduled(set, outcome.atMs, timeZone)
  return mayPage ? 'page' : 'warn'
}

const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Whether a set pages at a moment; a schedule may reach over midnight, its day is the one on which it began. */
export function isScheduled({ schedule }: ZoneSet, atMs: number, timeZone: string): boolean {
  if (schedule === undefined) return true
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(atMs)
  const of = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  const minute = Number(of('hour')) * 60 + Number(of('minute'))
  const today = WEEKDAYS.indexOf(of('weekday')) + 1
  const yesterday = today === 1 ? 7 : today - 1
  const { from_minute: from, to_minute: to, days } = schedule
  if (from < to) return minute >= from && minute < to && days.includes(today)
  return (minute >= from && days.includes(today)) || (minute < to && days.includes(yesterday))
}

/** Labels of a scope's alert: the set and the one value it is about. */
export const zoneLabels = (set: ZoneSet, scope: AlertLabels): AlertLabels => ({
  ...scope,
  zone_set: set.name,
})

const TIER: Readonly<Record<ZoneSet['tier'], Words>> = {
  allocated: { en: 'allocated', zh: '分配率' },
  busy: { en: 'busy', zh: '忙碌率' },
  active: { en: 'active', zh: '活跃率' },
  effective: { en: 'effective', zh: '有效率' },
}

const HELD: Readonly<Record<'coverage' | 'source', Words>> = {
  coverage: { en: 'held: too little data', zh: '暂缓：数据不足' },
  source: { en: 'held: measured another way than before', zh: '暂缓：测量方式已变更' },
}

export interface ZoneFacts {
  readonly scope: AlertLabels
  readonly outcome: ZoneOutcome
  /** Loss against the target, US dollars an hour; null = not known. */
  readonly usdPerHour: number | null
  readonly who: WhoToTell | null
}

/** What the alert of a scope says. Devices are means over the slice. */
export function zoneReading(set: ZoneSet, facts: ZoneFacts): AlertReading {
  const { outcome, who, usdPerHour } = facts
  const { slice } = outcome
  const [base, known] = [deviceCount(slice?.baseMs), deviceCount(slice?.knownMs)]
  const value = slice === null ? null : ratio(slice.busyX1000, slice.knownMs * 1000n)
  const figures =
    slice === null
      ? { low: null, high: null, coverage: null }
      : {
          low: ratio(slice.busyX1000, slice.baseMs * 1000n),
          high: ratio(
            slice.busyX1000 + (slice.baseMs - slice.knownMs) * 1000n,
            slice.baseMs * 1000n,
          ),
          coverage: ratio(slice.knownMs, slice.baseMs),
        }
  const [all, some] = [base.toLocaleString('en-US'), known.toLocaleString('en-US')]
  return {
    value,
    ...figures,
    usd_per_hour: usdPerHour,
    devices: slice === null ? null : base,
    what: headWords(set, facts, value),
    why: who?.why ?? null,
    doing: who?.doing ?? null,
    known: { en: `${some} of ${all} reporting`, zh: `${all} 卡中 ${some} 卡有数据` },
  }
}

/** Scope, tier and figure, as each message about utilization begins: `Hall h2 busy 58.4 %`. */
export function scopeHead(set: ZoneSet, scope: AlertLabels, value: number | null): Words {
  const name = scopeName(set, scope)
  const tier = TIER[set.tier]
  const now = value === null ? { en: 'unknown', zh: '未知' } : same(percent(value))
  return { en: `${name.en} ${tier.en} ${now.en}`, zh: `${name.zh}${tier.zh} ${now.zh}` }
}

function headWords(set: ZoneSet, { scope, outcome }: ZoneFacts, value: number | null): Words {
  const { zone, levels, held, state } = outcome
  const head = scopeHead(set, scope, value)
  if (zone === null || levels === null || (state === 'held' && held !== null)) {
    if (held === null) return head
    return { en: `${head.en}, ${HELD[held].en}`, zh: `${head.zh}，${HELD[held].zh}` }
  }
  const line = percent(levels[zone], 0)
  // Between the line and where it is left the alert stands, and "under" would be wrong. Times are the message's.
  const isUnder = value === null || value < levels[zone]
  const words = isUnder
    ? { en: `under the ${line} line`, zh: `低于 ${line} 线` }
    : { en: `not yet clear of the ${line} line`, zh: `尚未脱离 ${line} 线` }
  return { en: `${head.en}, ${words.en}`, zh: `${head.zh}，${words.zh}` }
}

const SCOPE: Readonly<Record<ZoneSet['scope'], Words>> = {
  fleet: { en: 'Fleet', zh: '集群' },
  hall: { en: 'Hall', zh: '机房' },
  cluster: { en: 'Cluster', zh: '集群' },
  model: { en: 'Model', zh: '型号' },
  pool: { en: 'Pool', zh: '资源池' },
  class: { en: 'Class', zh: '负载类型' },
  tenant: { en: 'Tenant', zh: '租户' },
}

function scopeName(set: ZoneSet, scope: AlertLabels): Words {
  if (set.scope === 'fleet') return { en: 'Fleet', zh: '全部设备' }
  const value = scope[set.scope] ?? set.value
  return { en: `${SCOPE[set.scope].en} ${value}`, zh: `${SCOPE[set.scope].zh} ${value} ` }
}

/** The windows that explain is asked about: what came since the line was crossed, against as long before. */
export function explainQuestion(outcome: ZoneOutcome): {
  readonly atMs: number
  readonly windowMs: number
} {
  const sinceMs = outcome.open.danger?.sinceMs ?? outcome.atMs - 3 * SLICE_MS
  const windowMs = Math.max(3 * SLICE_MS, outcome.atMs - sinceMs)
  return { atMs: outcome.atMs - windowMs, windowMs }
}

/**
 * The windows that tell what brought a scope back: the quarter of an hour that cleared it, against the one before, which
 * lay under the line.
 */
export const restoredQuestion = ({ atMs }: Pick<ZoneOutcome, 'atMs'>) => ({
  atMs: atMs - 3 * SLICE_MS,
  windowMs: 3 * SLICE_MS,
})

const same = (text: string): Words => ({ en: text, zh: text })
const percent = (share: number, digits = 1) => `${(share * 100).toFixed(digits)} %`
const deviceCount = (ms: bigint | undefined) => Math.round(Number(ms ?? 0n) / SLICE_MS)
const ratio = (part: bigint, whole: bigint) =>
  whole <= 0n ? null : Number((part * 1_000_000n) / whole) / 1_000_000
