import type { TimeRange } from '#schemas/alerts/ports.ts'
import type { Words } from '#schemas/alerts/severity.ts'
import type { SignalAnswer, SignalRow } from '#schemas/alerts/signals.ts'
import { MICRO_USD } from '#schemas/price-book.ts'
import { pueAnswer } from '../facility/pue.ts'
import { bookOf } from '../ledger/cells.ts'
import { alertHistoryIdle, alertHistoryRacks } from '../queries/alert-history.ts'
import { alertPower } from '../queries/alert-signals.ts'
import { DAY_MS, HOUR_MS, iso, MINUTE_MS } from '../window.ts'
import { GROUP_HISTORIES } from './group-history.ts'
import { goneKeeper, ofAll, type SignalDeps } from './signal.ts'
import { isSignalName, wellValue } from './signals.ts'
import { labelsFrom } from './standing.ts'

const SLOT_MS = 5 * MINUTE_MS
/** Series of one slot at most, the worst first. */
const SLOT_ROWS_MAX = 200
/** As the live signal: racks with more margin need not be told. */
const MARGIN_BELOW_KELVIN = 25
const POWER_COVERAGE_MIN = 0.9
const PUE_HOURS = 3

type History = (deps: SignalDeps, range: TimeRange) => AsyncGenerator<SignalAnswer>

/** Signals that can be worked out for the past, out of settled minutes and energy. Others say nothing of yesterday. */
const HISTORIES: Readonly<Record<string, History>> = {
  ...GROUP_HISTORIES,
  mw_swing: powerHistory,
  thermal_throttle_devices: rackHistory((row) => row.heat_devices),
  power_brake_devices: rackHistory((row) => row.brake_devices),
  margin: rackHistory((row) => row.margin_p05),
  idle_held_devices: idleHistory('job'),
  idle_held_usd_per_hour: idleHistory('tenant'),
  pue_excess: pueHistory,
}

const NOT_KEPT: Words = {
  en: 'what it compares is not kept minute by minute, so the past cannot be asked',
  zh: '其比较的数据未按分钟保存，无法回看过去',
}
const REASONS: Readonly<Record<string, Words>> = {
  mass_idle: {
    en: 'it compares every device with itself minutes before: the store would have to read each minute of each device',
    zh: '它把每张卡与数分钟前的自身比较：需要读取每张卡的每一分钟',
  },
  stalled_busy: {
    en: 'it compares every job with its own hour before: the store would have to read each minute of each device',
    zh: '它把每个任务与其此前一小时比较：需要读取每张卡的每一分钟',
  },
  contingency_jobs: {
    en: 'it asks which jobs run at this moment; of the past only their sums are kept',
    zh: '它取决于此刻运行的任务；过去只保存汇总',
  },
}

/** Why a signal cannot be worked out for the past; null = it can. */
export const historyGap = (signal: string): Words | null =>
  Object.hasOwn(HISTORIES, signal) ? null : (REASONS[signal] ?? NOT_KEPT)

/**
 * What a signal would have said within [fromMs, toMs), every five minutes (PUE every hour), oldest first. Reads at most a
 * day at a time. What was corrected since is seen as it is now. Rejects as the reader does.
 */
export async function* signalHistory(
  deps: SignalDeps,
  signal: string,
  range: TimeRange,
): AsyncGenerator<SignalAnswer> {
  const history = HISTORIES[signal]
  if (history === undefined) throw new RangeError(`no history of ${signal}`)
  const well = isSignalName(signal) ? wellValue(signal) : null
  const complete = well === null ? wholeOf : goneKeeper(well)
  const slots = {
    fromMs: Math.ceil(range.fromMs / SLOT_MS) * SLOT_MS,
    toMs: Math.floor(range.toMs / SLOT_MS) * SLOT_MS,
  }
  for await (const answer of history(deps, slots)) yield complete(answer)
}

/** A signal that names all its series and names none said nothing: what it named before is not over. */
const wholeOf = (answer: SignalAnswer): SignalAnswer => ({
  ...answer,
  covered: ofAll(answer.rows.length),
})

/** Pieces of a range that one question may cover. */
function* pieces({ fromMs, toMs }: TimeRange, lengthMs: number) {
  for (let at = fromMs; at < toMs; at += lengthMs)
    yield { fromMs: at, toMs: Math.min(toMs, at + lengthMs) }
}

/** One answer for each slot of a piece, with the rows of that slot. */
function* bySlot<Row extends { readonly slot: number }>(
  { fromMs, toMs }: TimeRange,
  rows: readonly Row[],
  told: (row: Row) => SignalRow,
): Generator<SignalAnswer> {
  const slots = Map.groupBy(rows, ({ slot }) => slot)
  for (let slot = 0; fromMs + slot * SLOT_MS < toMs; slot += 1) {
    const own = slots.get(slot) ?? []
    const atMs = fromMs + (slot + 1) * SLOT_MS
    yield { atMs, rows: own.map(told), covered: ofAll(1) }
  }
}

const secondsOf = ({ fromMs, toMs }: TimeRange) => ({ from_s: fromMs / 1000, to_s: toMs / 1000 })

type RackRow = Awaited<ReturnType<typeof alertHistoryRacks.run>>[number]

function rackHistory(value: (row: RackRow) => number | null): History {
  return async function* (deps, range) {
    // A minute of every device: an hour of a large fleet is some million rows.
    for (const piece of pieces(range, 6 * HOUR_MS)) {
      const limits = { margin_below: MARGIN_BELOW_KELVIN, limit: SLOT_ROWS_MAX }
      const rows = await alertHistoryRacks.run(deps.reader, { ...secondsOf(piece), ...limits })
      yield* bySlot(piece, rows, (row) => {
        const { cluster, hall, rack, vendor, devices } = row
        return { labels: labelsFrom({ cluster, hall, rack, vendor }), devices, value: value(row) }
      })
    }
  }
}

function idleHistory(by: 'job' | 'tenant'): History {
  return async function* (deps, range) {
    const book = bookOf(await deps.documents())
    for (const piece of pieces(range, 6 * HOUR_MS)) {
      const asked = { ...secondsOf(piece), limit: SLOT_ROWS_MAX }
      const found = await alertHistoryIdle.run(deps.reader, asked)
      const rows = found.filter(
        (row) => row.class !== 'serving' && (by === 'tenant' || row.job !== ''),
      )
      const groups = Map.groupBy(rows, ({ slot, cluster, tenant, job }) =>
        JSON.stringify(by === 'job' ? [slot, cluster, tenant, job] : [slot, tenant]),
      )
      const merged = [...groups.values()].flatMap((own) => {
        const [first] = own
        if (first === undefined) return []
        const usd = own.reduce<number | null>((sum, row) => {
          const price = book.deviceHour(row, piece.fromMs)
          if (price === null) return sum
          return (sum ?? 0) + (row.devices * Number(price.microUsd)) / MICRO_USD
        }, null)
        return [{ ...first, devices: own.reduce((sum, { devices }) => sum + devices, 0), usd }]
      })
      yield* bySlot(piece, merged, ({ cluster, tenant, job, devices, usd }) => ({
        labels: labelsFrom(by === 'job' ? { cluster, tenant, job } : { tenant }),
        value: by === 'job' ? devices : usd,
        devices,
        usd_per_hour: usd,
      }))
    }
  }
}

/** The largest change between two minutes of each slot and the one before it, where power was known. */
async function* powerHistory(deps: SignalDeps, range: TimeRange): AsyncGenerator<SignalAnswer> {
  for (const piece of pieces(range, DAY_MS)) {
    const asked = { from_s: piece.fromMs / 1000 - 60, to_s: piece.toMs / 1000 }
    const minutes = await alertPower.run(deps.reader, asked)
    const rows = [...Map.groupBy(minutes, ({ cluster }) => cluster)].flatMap(([cluster, own]) =>
      own.flatMap((minute, at) => {
        const before = own[at - 1]
        const slot = Math.floor((minute.minute_s * 1000 - piece.fromMs) / SLOT_MS)
        const isNext = before?.minute_s === minute.minute_s - 60
        const isKnown = [before, minute].every(
          (one) => one !== undefined && one.power_coverage >= POWER_COVERAGE_MIN,
        )
        const swing = isNext && isKnown ? Math.abs(minute.watts - before.watts) / 1e6 : null
        return slot < 0 ? [] : [{ slot, cluster, swing, devices: Math.round(minute.device_count) }]
      }),
    )
    const slots = Map.groupBy(rows, ({ slot, cluster }) => JSON.stringify([slot, cluster]))
    const worst = [...slots.values()].flatMap((own) => {
      const [first] = own
      const known = own.flatMap(({ swing }) => swing ?? [])
      const value = known.length === own.length ? Math.max(...known) : null
      return first === undefined ? [] : [{ ...first, value }]
    })
    yield* bySlot(piece, worst, ({ cluster, value, devices }) => ({
      labels: labelsFrom({ cluster }),
      value,
      devices,
    }))
  }
}

/** PUE of the last three hours beside that of the same load before, every hour. */
async function* pueHistory(deps: SignalDeps, range: TimeRange): AsyncGenerator<SignalAnswer> {
  const { settledUntilMs } = await deps.settledScopes()
  const untilMs = Math.min(range.toMs, settledUntilMs ?? 0)
  const firstMs = Math.ceil(range.fromMs / HOUR_MS) * HOUR_MS
  for (let atMs = firstMs; atMs <= untilMs; atMs += HOUR_MS) {
    const window = { from: iso(atMs - PUE_HOURS * HOUR_MS), to: iso(atMs) }
    const asked = { ...window, resolution: 'all', scope: 'site' } as const
    const { comparable } = await pueAnswer(deps, asked)
    const value = comparable?.difference ?? null
    yield { atMs, rows: [{ labels: {}, value }], covered: {} }
  }
}
