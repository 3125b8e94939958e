import type { Bilingual } from '#schemas/faults.ts'
import { fits } from '#schemas/owner-match.ts'
import type { EventRecord, MeterSampleRecord } from '#schemas/records.ts'
import type { TargetRead } from '../runner.ts'
import { rulesOf, type ThresholdBook } from './config.ts'
import type { ThresholdRule } from './defaults.ts'
import { createDeviceLimits, valueKey } from './device-limits.ts'
import { type Level, type LevelState, NEW_LEVEL, nextLevel } from './level.ts'
import { newSignalMemory, type Signal, signalsOf, type SignalValue, thingOf } from './signals.ts'
import { SIGNAL_WORDS } from './words.ts'

/** Points watched by one collector. */
const POINTS_MAX = 200_000
/** A target whose reads fail for this long, or for three of its intervals, is silent, ms. */
const SILENT_MS = 10_000

export interface Thresholds {
  /** Holds the samples of a read, or of what a target said by itself, against the thresholds. */
  observe(read: TargetRead, samples: readonly MeterSampleRecord[]): void
  forgetTarget(id: string): void
}

interface Watched {
  readonly rule: ThresholdRule
  state: LevelState
}

interface Heard {
  readonly thing: string
  /** Since when nothing came, epoch ms; null = it answers. */
  failedSinceMs: number | null
  isSilent: boolean
}

/**
 * Turns meter values into events at the edges of their thresholds: the fast lane. An event opens when a level rises
 * (severity warning, critical for an alarm) and closes when it falls; `code` is the point, signal, side, level and limit. A target with
 * meters that falls silent opens `meter_silent`: silence never keeps the last good state.
 */
export function createThresholds(
  book: ThresholdBook,
  emit: (event: EventRecord) => void,
  /** Takes what devices say of their own limits, which is no finding. */
  tell: (event: EventRecord) => void = emit,
): Thresholds {
  const memory = newSignalMemory()
  const points = new Map<string, readonly Watched[]>()
  const targets = new Map<string, Heard>()
  const changed = new Set<string>()
  const limits = createDeviceLimits({
    emit: tell,
    isSetBySite: (meter, signal) => siteEntry(book, { meter, signal }) !== undefined,
    onChange: (key) => void changed.add(key),
  })
  const renew = (key: string, value: SignalValue, sample: MeterSampleRecord) => {
    for (const { rule, state } of points.get(key) ?? []) {
      const end = { rule, state: NEW_LEVEL }
      for (const event of edges(state.level, end, { value, sample, back: CHANGED })) emit(event)
    }
    points.delete(key)
  }
  const watch = (value: SignalValue, sample: MeterSampleRecord) => {
    const key = valueKey(value.meter, value.signal)
    if (changed.delete(key)) renew(key, value, sample)
    const known = points.get(key)
    if (known === undefined && points.size >= POINTS_MAX) return
    const watched =
      known ??
      rulesFor(book, value, limits.rulesOf(key)).map((rule) => ({ rule, state: NEW_LEVEL }))
    if (known === undefined) points.set(key, watched)
    for (const one of watched) {
      const before = one.state.level
      one.state = nextLevel(one.rule, one.state, value.value, sample.at_ms)
      for (const event of edges(before, one, { value, sample, back: BACK })) emit(event)
    }
  }
  return {
    observe(read, samples) {
      hear(targets, read, samples.length > 0, emit)
      limits.learn(read)
      for (const sample of samples)
        for (const value of signalsOf(sample, memory)) watch(value, sample)
    },
    forgetTarget: (id) => targets.delete(id),
  }
}

type Place = Pick<SignalValue, 'signal' | 'meter'>

const siteEntry = ({ entries }: ThresholdBook, { signal, meter }: Place) =>
  entries.findLast((entry) => entry.signal === signal && fits(entry.meters, meter))

/** The last entry of the site that names the point, else the device's own limits, and every default of a side it has none for. */
export function rulesFor(
  book: ThresholdBook,
  value: Place,
  ofDevice: readonly ThresholdRule[] = [],
): ThresholdRule[] {
  const own = siteEntry(book, value)
  if (own !== undefined) return rulesOf(own)
  const { signal, meter } = value
  return [
    ...ofDevice,
    ...book.defaults.filter(
      (rule) =>
        rule.signal === signal &&
        fits(rule.meters, meter) &&
        !ofDevice.some(({ side }) => side === rule.side),
    ),
  ]
}

const RANK: Readonly<Record<Level, number>> = { ok: 0, warning: 1, alarm: 2 }
const RISING = ['warning', 'alarm'] as const

/** What an edge is about, and how its end is told. */
interface Occasion {
  readonly value: SignalValue
  readonly sample: MeterSampleRecord
  readonly back: Bilingual
}

function edges(before: Level, { rule, state }: Watched, occasion: Occasion): EventRecord[] {
  if (state.level === before) return []
  const isRise = RANK[state.level] > RANK[before]
  const crossed = RISING.filter(
    (level) =>
      RANK[level] > Math.min(RANK[before], RANK[state.level]) &&
      RANK[level] <= Math.max(RANK[before], RANK[state.level]) &&
      limitOf(rule, level) !== null,
  )
  return (isRise ? crossed : crossed.toReversed()).map((level) =>
    edge(level, isRise ? 'open' : 'closed', { rule, ...occasion }),
  )
}

const limitOf = (rule: ThresholdRule, level: 'warning' | 'alarm') =>
  level === 'alarm' ? rule.alarm : rule.warn

function edge(
  level: 'warning' | 'alarm',
  kind: 'open' | 'closed',
  { rule, value, sample, back }: Occasion & { readonly rule: ThresholdRule },
): EventRecord {
  const words = SIGNAL_WORDS[value.signal]
  const shown = words.show(value.value)
  const set = words.show(limitOf(rule, level)?.set ?? 0)
  const isOpen = kind === 'open'
  const limit = STATES.has(value.signal)
    ? NO_LIMIT
    : {
        en: `, ${level} at ${set.en}${rule.isDevices === true ? ', the device’s own limit' : ''}`,
        zh: `（${rule.isDevices === true ? '设备自带' : ''}${level === 'alarm' ? '报警' : '预警'}限 ${set.zh}）`,
      }
  const end = isOpen ? limit : back
  return {
    kind: 'event',
    at_ms: sample.at_ms,
    node: thingOf(value.meter),
    device_key: null,
    source: sample.source,
    type: words.type,
    code: `${value.meter} ${value.signal} ${rule.side} ${level} ${limitOf(rule, level)?.set ?? ''}`,
    severity: isOpen ? (level === 'alarm' ? 'critical' : 'warning') : 'info',
    edge: kind,
    message: `${value.meter}: ${words.name.en} ${shown.en}${end.en}`,
    message_zh: `${value.meter}：${words.name.zh} ${shown.zh}${end.zh}`,
    fault_class: words.faultClass,
    ...(isOpen ? { action: words.action.en, action_zh: words.action.zh } : {}),
  }
}

const STATES: ReadonlySet<Signal> = new Set(['leak', 'leak_detector_unavailable', 'pump_failed'])

const NO_LIMIT: Bilingual = { en: '', zh: '' }
const BACK: Bilingual = { en: ', back in range', zh: '，已恢复' }
const CHANGED: Bilingual = { en: ', its limits are others now', zh: '，限值已更改' }

/** Opens and closes `meter_silent` of targets that gave meters before. */
function hear(
  targets: Map<string, Heard>,
  read: TargetRead,
  hasMeters: boolean,
  emit: (event: EventRecord) => void,
): void {
  const known = targets.get(read.id)
  if (known === undefined && !hasMeters) return
  const heard = known ?? { thing: thingOf(read.target.node), failedSinceMs: null, isSilent: false }
  targets.set(read.id, heard)
  const isPaused = read.interpretation.reason === 'paused'
  if (hasMeters || isPaused) {
    if (heard.isSilent) emit(silence(heard, read, 'closed'))
    heard.failedSinceMs = null
    heard.isSilent = false
    return
  }
  // A read may have nothing to say about meters at this tick (a fast lane between full reads).
  if (read.interpretation.outcome === 'ok') return
  heard.failedSinceMs ??= read.tickMs
  const patienceMs = Math.max(SILENT_MS, 3 * read.intervalMs)
  if (heard.isSilent || read.atMs - heard.failedSinceMs < patienceMs) return
  heard.isSilent = true
  emit(silence(heard, read, 'open'))
}

function silence({ thing }: Heard, read: TargetRead, kind: 'open' | 'closed'): EventRecord {
  const isOpen = kind === 'open'
  const why = read.interpretation.detail ?? ''
  return {
    kind: 'event',
    at_ms: read.tickMs,
    node: thing,
    device_key: null,
    source: read.source,
    type: 'meter_silent',
    code: thing,
    severity: isOpen ? 'warning' : 'info',
    edge: kind,
    message: isOpen
      ? `${thing} gives no values any more: its state is unknown, not good. ${why}`.slice(0, 1024)
      : `${thing} gives values again`,
    message_zh: isOpen ? `${thing} 不再给出数值：状态未知，并非正常` : `${thing} 已恢复上报`,
    fault_class: 'cooling',
    ...(isOpen
      ? {
          action: 'Check its network, power and management card.',
          action_zh: '检查其网络、供电和管理卡。',
        }
      : {}),
  }
}
