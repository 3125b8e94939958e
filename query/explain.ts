import type { ExplainAnswer, ExplainPart, ExplainWindow } from '#schemas/api-explain.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { edgeShareOf, piecesOf } from './explain-causes.ts'
import { type Cell, holderKey, poolsOf } from './explain-cells.ts'
import { devicesOf, type GuessedNodes, guessedNodes } from './explain-devices.ts'
import type { DeviceEnds } from './explain-flows.ts'
import { changePoint } from './explain-moment.ts'
import { partsOf, type WindowTotals } from './explain-parts.ts'
import { readCells } from './explain-read.ts'
import {
  type AskedWindows,
  askedWindows,
  type ExplainPlans,
  plansOf,
  settledWindows,
  type Windows,
} from './explain-windows.ts'
import { explainSentence } from './explain-words.ts'
import { type Dimension, type Filters, parseFilters } from './filters.ts'
import type { FleetDeps } from './fleet.ts'
import { explainMoments } from './queries/explain.ts'
import type { Plan } from './resolution.ts'
import { ratioOf } from './sums.ts'
import { HOUR_MS, iso, isoOrNull, MINUTE_MS, type TimeWindow } from './window.ts'

/** Moments are looked for in the minutes of at most this long. */
const MOMENT_SPAN_MS_MAX = 3 * HOUR_MS

export interface ExplainQuestion extends AskedWindows {
  readonly filters: readonly string[]
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
  const plans = plansOf(windows, { ...published, ...(await deps.buckets()) }, deps.timeZone)
  const { byMinutes } = plans
  const [a, b] = await Promise.all([
    readCells(deps, plans.a, { filters, byMinutes }),
    readCells(deps, plans.b, { filters, byMinutes }),
  ])
  const totals = { a: totalsOf(a, windows.a), b: totalsOf(b, windows.b) }
  const nodes = {
    a: poolsOf(a, totals.a.lengthMs, byMinutes),
    b: poolsOf(b, totals.b.lengthMs, byMinutes),
  }
  const guessed = guessedNodes(nodes.a, nodes.b)
  const found = piecesOf(nodes.a, nodes.b, {
    isHolderScope: filters.fields.some((field) => HOLDER_FIELDS.has(field)),
    edgeShare: edgeShareOf(totals.a.lengthMs, totals.b.lengthMs),
    byDevice: await readDevices(deps, guessed, { plans, filters, totals }),
  })
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
    ...(guessed.left === 0 ? {} : { guessed_nodes: guessed.left }),
    sentence: explainSentence({ ...facts, timeZone: deps.timeZone }),
  }
}

/** The nodes on which matching would guess, read once more by device; nothing where there are none. */
async function readDevices(
  deps: FleetDeps,
  { chosen }: GuessedNodes,
  asked: {
    readonly plans: ExplainPlans
    readonly filters: Filters
    readonly totals: Readonly<Record<'a' | 'b', WindowTotals>>
  },
) {
  if (chosen.size === 0) return new Map<string, readonly DeviceEnds[]>()
  const { plans, filters, totals } = asked
  const { byMinutes } = plans
  const names = new Set([...chosen.values()].map(({ place }) => place.node))
  const question = { filters, byMinutes, devicesOf: [...names] }
  const [a, b] = await Promise.all([
    readCells(deps, plans.a, question),
    readCells(deps, plans.b, question),
  ])
  return devicesOf(
    { cells: a, lengthMs: totals.a.lengthMs },
    { cells: b, lengthMs: totals.b.lengthMs },
    { chosen, byQuietMinutes: byMinutes },
  )
}

function totalsOf(cells: readonly Cell[], { fromMs, toMs }: TimeWindow): WindowTotals {
  const sum = (read: (cell: Cell) => number) => sumOf(cells, read)
  return {
    lengthMs: toMs - fromMs,
    capacityMs: sum((cell) => cell.capacity_ms),
    verificationMs: sum((cell) => cell.verification_ms),
    knownMs: sum((cell) => cell.known_ms),
    busyX1000: sum((cell) => cell.busy_ms_x1000),
  }
}

/** Exact; doubles as long as they are, for a bigint of each of thousands of cells takes longer than they do. */
function sumOf(cells: readonly Cell[], read: (cell: Cell) => number): bigint {
  let whole = 0n
  let part = 0
  for (const cell of cells) {
    const sum = part + read(cell)
    if (Number.isSafeInteger(sum)) part = sum
    else {
      whole += BigInt(part)
      part = read(cell)
    }
  }
  return whole + BigInt(part)
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
