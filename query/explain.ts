import type { ExplainAnswer, ExplainPart, ExplainWindow } from '#schemas/api-explain.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { piecesOf } from './explain-causes.ts'
import { type Cell, holderKey, poolsOf } from './explain-cells.ts'
import { changePoint } from './explain-moment.ts'
import { partsOf, type WindowTotals } from './explain-parts.ts'
import { explainSentence } from './explain-words.ts'
import { type Dimension, type Filters, parseFilters } from './filters.ts'
import type { FleetDeps } from './fleet.ts'
import { localDayStarts } from './local-day.ts'
import { explainCells, explainMoments } from './queries/explain.ts'
import { planQuestion, type Plan, type PublishedMinutes, type Segment } from './resolution.ts'
import { ratioOf } from './sums.ts'
import {
  DAY_MS,
  floorMinute,
  HOUR_MS,
  iso,
  isoOrNull,
  MINUTE_MS,
  parseTime,
  type TimeWindow,
} from './window.ts'

/** Longest window that is explained: a month beside a month. */
export const EXPLAIN_WINDOW_MS_MAX = 35 * DAY_MS
/** Moments are looked for in the minutes of at most this long. */
const MOMENT_SPAN_MS_MAX = 6 * HOUR_MS

export interface ExplainQuestion {
  readonly a_from?: string | undefined
  readonly a_to?: string | undefined
  readonly b_from?: string | undefined
  readonly b_to?: string | undefined
  /** Instead of the four: this moment, and the window before and after it (`30m`, `1h`, `7d`). */
  readonly at?: string | undefined
  readonly window?: string | undefined
  readonly filters: readonly string[]
}

interface Windows {
  readonly a: TimeWindow
  readonly b: TimeWindow
}

const HOLDER_FIELDS: ReadonlySet<Dimension> = new Set<Dimension>([
  'tenant',
  'job',
  'class',
  'allocation_source',
  'billing',
])

/**
 * GET /api/v1/explain: why utilization moved between two windows, from settled figures only. Throws E_RANGE_INVALID for
 * windows that overlap, are empty once cut at what is settled, or too long; E_FILTER_INVALID; the reader's errors.
 */
export async function explain(deps: FleetDeps, question: ExplainQuestion): Promise<ExplainAnswer> {
  const asked = askedWindows(question)
  const filters = parseFilters(question.filters)
  const published = await deps.published()
  const windows = settledWindows(asked, published)
  const buckets = await deps.buckets()
  const planOf = (window: TimeWindow) =>
    planQuestion(
      // Jobs of nodes: what only the tables of devices know.
      { ...window, fields: ['node', 'job'], stepMs: null },
      { ...published, ...buckets },
      deps.timeZone,
    )
  const plans = { a: planOf(windows.a), b: planOf(windows.b) }
  const byMinutes = [...plans.a.segments, ...plans.b.segments].every(
    ({ table }) => table === 'ledger_1m',
  )
  const [a, b] = await Promise.all([
    readCells(deps, plans.a, { filters, byMinutes }),
    readCells(deps, plans.b, { filters, byMinutes }),
  ])
  const totals = { a: totalsOf(a, windows.a), b: totalsOf(b, windows.b) }
  const found = piecesOf(
    poolsOf(a, totals.a.lengthMs, byMinutes),
    poolsOf(b, totals.b.lengthMs, byMinutes),
    filters.fields.some((field) => HOLDER_FIELDS.has(field)),
  )
  const { changePpm, parts, residualPpm } = partsOf(found, totals.a, totals.b)
  const causes = byMinutes ? await withMoments(deps, parts, windows) : [...parts]
  const facts = {
    a: windowOf(windows.a, totals.a, plans.a),
    b: windowOf(windows.b, totals.b, plans.b),
    change_ppm: changePpm,
    causes,
  }
  return {
    definition: DEFINITION_SET,
    simulated: deps.simulated,
    settled_until: isoOrNull(published.settledUntilMs),
    ...facts,
    residual_ppm: residualPpm,
    sentence: explainSentence({ ...facts, timeZone: deps.timeZone }),
  }
}

const refusal = (message: string) => new PlimsollError('E_RANGE_INVALID', message)

/** The windows as asked for, whole minutes. */
function askedWindows(question: ExplainQuestion): Windows {
  const { a_from, a_to, b_from, b_to, at, window } = question
  const given = [a_from, a_to, b_from, b_to]
  if (at !== undefined && window !== undefined && given.every((text) => text === undefined)) {
    const atMs = floorMinute(parseTime(at))
    const lengthMs = parseLength(window)
    return {
      a: { fromMs: atMs - lengthMs, toMs: atMs },
      b: { fromMs: atMs, toMs: atMs + lengthMs },
    }
  }
  if (at !== undefined || window !== undefined || given.includes(undefined))
    throw refusal('give a_from, a_to, b_from and b_to, or else at and window, and not both')
  const ms = (text: string | undefined) => floorMinute(parseTime(text ?? ''))
  return {
    a: { fromMs: ms(a_from), toMs: ms(a_to) },
    b: { fromMs: ms(b_from), toMs: ms(b_to) },
  }
}

const LENGTH_UNITS = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const

/** `30m`, `1h`, `7d`. Throws E_RANGE_INVALID. */
function parseLength(text: string): number {
  const [, count, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? []
  if (unit === 'm' || unit === 'h' || unit === 'd') return Number(count) * LENGTH_UNITS[unit]
  throw refusal(`${JSON.stringify(text.slice(0, 60))} is no length: write 30m, 1h or 7d`)
}

/** Cut at what is settled, because only settled figures are explained. */
function settledWindows({ a, b }: Windows, { settledUntilMs }: PublishedMinutes): Windows {
  if (settledUntilMs === null)
    throw refusal('nothing is settled yet, and only settled figures are explained')
  const cut = (name: string, { fromMs, toMs }: TimeWindow): TimeWindow => {
    if (fromMs >= toMs)
      throw refusal(`window ${name}: from ${iso(fromMs)} is not before to ${iso(toMs)}`)
    if (toMs - fromMs > EXPLAIN_WINDOW_MS_MAX)
      throw refusal(`window ${name}: at most ${EXPLAIN_WINDOW_MS_MAX / DAY_MS} days are explained`)
    if (fromMs >= settledUntilMs)
      throw refusal(`window ${name} is newer than what is settled (${iso(settledUntilMs)})`)
    return { fromMs, toMs: Math.min(toMs, settledUntilMs) }
  }
  const windows = { a: cut('a', a), b: cut('b', b) }
  if (a.fromMs < b.toMs && b.fromMs < a.toMs)
    throw refusal('the windows overlap: time of both would be compared with itself')
  return windows
}

const TABLES = { ledger_1m: '1m', ledger_1h: '1h', ledger_1d: '1d' } as const

async function readCells(
  { reader, timeZone }: FleetDeps,
  { segments }: Plan,
  { filters, byMinutes }: { readonly filters: Filters; readonly byMinutes: boolean },
): Promise<Cell[]> {
  const read = async ({ table, ...window }: Segment) => {
    if (table !== 'ledger_1m' && table !== 'ledger_1h' && table !== 'ledger_1d')
      throw new PlimsollError('E_INTERNAL', `${table} does not know jobs of nodes`)
    const days = table === 'ledger_1d' ? localDayStarts(window, timeZone) : []
    return explainCells.run(reader, {
      ...filters.params,
      table,
      resolution: TABLES[table],
      days_s: days.map((ms) => ms / 1000),
      from_s: window.fromMs / 1000,
      to_s: window.toMs / 1000,
      quiet: byMinutes ? 'quiet' : 'no_quiet',
    })
  }
  return (await Promise.all(segments.map(read))).flat()
}

function totalsOf(cells: readonly Cell[], { fromMs, toMs }: TimeWindow): WindowTotals {
  const sum = (read: (cell: Cell) => number) =>
    cells.reduce((total, cell) => total + BigInt(read(cell)), 0n)
  return {
    lengthMs: toMs - fromMs,
    capacityMs: sum((cell) => cell.capacity_ms),
    verificationMs: sum((cell) => cell.verification_ms),
    knownMs: sum((cell) => cell.known_ms),
    busyX1000: sum((cell) => cell.busy_ms_x1000),
  }
}

function windowOf({ fromMs, toMs }: TimeWindow, totals: WindowTotals, plan: Plan): ExplainWindow {
  const devices = (ms: bigint) => Number(ms) / totals.lengthMs
  return {
    from: iso(fromMs),
    to: iso(toMs),
    resolution: plan.resolution,
    utilization: ratioOf(totals.busyX1000, totals.knownMs * 1000n),
    coverage: ratioOf(totals.knownMs, totals.capacityMs - totals.verificationMs),
    capacity_devices: devices(totals.capacityMs),
    known_devices: devices(totals.knownMs),
    busy_devices: devices(totals.busyX1000) / 1000,
  }
}

/** The parts with the minute in which each job they name changed; its own minutes say so. */
async function withMoments(
  { reader }: FleetDeps,
  parts: readonly ExplainPart[],
  { a, b }: Windows,
): Promise<ExplainPart[]> {
  const fromMs = Math.min(a.fromMs, b.fromMs)
  const toMs = Math.max(a.toMs, b.toMs)
  const jobs = new Set(
    parts.flatMap(({ contributors }) =>
      contributors.filter(({ kind }) => kind === 'job').map(({ name }) => name),
    ),
  )
  if (jobs.size === 0 || toMs - fromMs > MOMENT_SPAN_MS_MAX) return [...parts]
  const rows = await explainMoments.run(reader, {
    jobs: [...jobs],
    from_s: fromMs / 1000,
    to_s: toMs / 1000,
  })
  const moments = new Map<string, string>()
  for (const [key, minutes] of Map.groupBy(rows, (row) => holderKey(row))) {
    const busy = new Map(
      minutes.map(({ bucket_s, busy_ms_x1000 }) => [bucket_s * 1000, busy_ms_x1000]),
    )
    const count = (toMs - fromMs) / MINUTE_MS
    const line = Array.from({ length: count }, (_, at) => busy.get(fromMs + at * MINUTE_MS) ?? 0)
    const at = changePoint(line)
    if (at !== null) moments.set(key, iso(fromMs + at * MINUTE_MS))
  }
  return parts.map((part) => ({
    ...part,
    contributors: part.contributors.map((told) => {
      const { cluster, tenant, name, kind } = told
      const at =
        kind === 'job'
          ? moments.get(holderKey({ cluster, tenant: tenant ?? '', job: name }))
          : undefined
      return at === undefined ? told : { ...told, at }
    }),
  }))
}
