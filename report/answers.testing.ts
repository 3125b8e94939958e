import type { LossLine } from '#schemas/orders.ts'
import type { LossGroup, LedgerGroup, OwnerFigures, TiersGroup } from '#schemas/api-ledger.ts'
import type { FleetSteps, FleetWindow, ReportAnswers } from '#schemas/report/facts.ts'
import type { LedgerState } from '#schemas/ledger.ts'
import { createCalendar } from './calendar.ts'
import type { BuildInput } from './build/input.ts'

/** Answers about a week of 50,000 devices, small enough to reckon by hand. */

const HOUR_S = 3600
const WEEK_HOURS = 168
export const DEVICES = 50_000
const CAPACITY = DEVICES * WEEK_HOURS
export const shanghai = createCalendar('Asia/Shanghai')
export const WEEK = shanghai.period('2026-W47')
const BEFORE = shanghai.before(WEEK)
const money = (gpu_hours: number) => ({ gpu_hours, usd: gpu_hours * 2 })

const IDLE_ENERGY = {
  kwh: 100_000,
  site_kwh: 115_000,
  coverage: 1,
  usd: 9_200,
  co2e_kg: null,
  pue: 1.15,
  pue_kind: 'design',
  pue_label: null,
  pue_category: null,
  pue_period: null,
  assumed: true,
} as const

/** The fleet, so many of its hours unknown and of the known ones so many busy; a tenth of what is not busy is free. */
export function fleetOf(busyShare: number, unknownShare = 0): Pick<FleetWindow, 'ledger' | 'loss'> {
  const known = CAPACITY * (1 - unknownShare)
  const busy = busyShare * known
  const free = 0.1 * known
  const part = known - free - busy
  const seconds = (hours: number) => hours * HOUR_S
  const bounds = {
    utilization: busy / known,
    util_lo: busy / CAPACITY,
    util_hi: (busy + CAPACITY - known) / CAPACITY,
    coverage: known / CAPACITY,
    capacity_device_seconds: seconds(CAPACITY),
    base_device_seconds: seconds(CAPACITY),
    known_device_seconds: seconds(known),
    busy_device_seconds: seconds(busy),
  }
  const none: Readonly<Record<LedgerState, number>> = {
    failed: 0,
    drained: 0,
    verification: 0,
    unknown: 0,
    unallocated: 0,
    idle_held: 0,
    throttled: 0,
    inefficient: 0,
    productive: 0,
  }
  const ledger: LedgerGroup = {
    key: {},
    devices: DEVICES,
    ...bounds,
    ledger: {
      ...none,
      unknown: seconds(CAPACITY - known),
      unallocated: seconds(free),
      productive: seconds(busy + part),
    },
    reserve_device_seconds: 0,
    busy_by_state: { ...none, productive: seconds(busy) },
    throttled_by_cause: { heat: 0, power_brake: 0, hardware: 0 },
    waterfall: [
      { step: 'capacity', device_seconds: seconds(CAPACITY) },
      { step: 'unknown', device_seconds: -seconds(CAPACITY - known) },
      { step: 'unallocated', device_seconds: -seconds(free) },
      { step: 'part_busy', device_seconds: -seconds(part) },
      { step: 'busy', device_seconds: seconds(busy) },
    ],
    allocation_sources: { slurm: seconds(CAPACITY) },
    ledger_ok: true,
    missing_device_seconds: 0,
  }
  return { ledger, loss: lossOf(bounds, { free, part, known, busy }) }
}

function lossOf(
  bounds: Pick<
    LossGroup,
    | 'capacity_device_seconds'
    | 'base_device_seconds'
    | 'known_device_seconds'
    | 'busy_device_seconds'
    | 'utilization'
    | 'util_lo'
    | 'util_hi'
    | 'coverage'
  >,
  hours: {
    readonly free: number
    readonly part: number
    readonly known: number
    readonly busy: number
  },
): LossGroup {
  const { free, part, known, busy } = hours
  const lines: Record<LossLine, { gpu_hours: number; usd: number }> = {
    failed: money(0),
    drained: money(0),
    unallocated: money(free),
    idle_held: money(0),
    throttled: money(0),
    part_busy: money(part),
    inefficient: money(0),
  }
  return {
    key: {},
    devices: DEVICES,
    ...bounds,
    lost_gpu_hours: free + part,
    loss_usd: { versus_capacity: 2 * (free + part), versus_target: 2 * (0.75 * known - busy) },
    usd_per_hour: (2 * (free + part)) / WEEK_HOURS,
    by_state: lines,
    throttled_by_cause: { heat: money(0), power_brake: money(0), hardware: money(0) },
    payers: { ours: money(free), customer: money(part) },
    customer_by_state: { ...lines, unallocated: money(0) },
    unallocated: { unsold: money(free), sold_without_job: money(0) },
    reserve: money(0),
    customer_reserve: money(0),
    unpriced_hours: 0,
    assumed: false,
    idle_energy: IDLE_ENERGY,
  }
}

const steps = (stepMs: number, at: (index: number) => number | null): FleetSteps => {
  const count = (WEEK.toMs - WEEK.fromMs) / stepMs
  const utilization = Array.from({ length: count }, (_, index) => at(index))
  return {
    fromMs: WEEK.fromMs,
    stepMs,
    utilization,
    coverage: utilization.map((value) => (value === null ? 0 : 1)),
  }
}

const TIERS: TiersGroup['tiers'] = {
  allocated: { value: 0.9, coverage: 1 },
  busy: { value: 0.714, coverage: 1 },
  active: { value: null, coverage: 0 },
  effective: { value: null, coverage: 0 },
}

/** Below 60 % for so long at the end of the week: 2 h 35 min. */
const LOW_MINUTES = 155

export function answersOf(change: Partial<ReportAnswers> = {}): ReportAnswers {
  const now = fleetOf(0.714, 0.008)
  const { ledger } = now
  const weigh = { value: 0.714, coverage: 1, unweighted_device_seconds: 0, unweighted_models: [] }
  const tiers: TiersGroup = {
    key: {},
    devices: DEVICES,
    utilization: ledger.utilization,
    util_lo: ledger.util_lo,
    util_hi: ledger.util_hi,
    coverage: ledger.coverage,
    capacity_device_seconds: ledger.capacity_device_seconds,
    base_device_seconds: ledger.base_device_seconds,
    known_device_seconds: ledger.known_device_seconds,
    busy_device_seconds: ledger.busy_device_seconds,
    tiers: TIERS,
    busy_by: {
      device: weigh,
      compute: {
        ...weigh,
        basis: 'bf16',
        h100_tflops: 989,
        h100_equivalents: { capacity: DEVICES, known: DEVICES, busy: 0.71 * DEVICES },
      },
      price: { ...weigh, assumed: false },
    },
  }
  return {
    window: { fromMs: WEEK.fromMs, toMs: WEEK.toMs },
    definition: '2026.1',
    simulated: false,
    site: '',
    fleet: { ...WEEK, ...now },
    before: { ...BEFORE, ...fleetOf(0.733) },
    known_worth: { usd: CAPACITY * 0.992 * 2, priced_hours: CAPACITY * 0.992 },
    contracted_hours: CAPACITY * 0.92,
    compared: [],
    minutes: steps(60_000, (at) => (at >= 10_080 - LOW_MINUTES ? 0.55 : 0.72)),
    slices: steps(300_000, (at) => (at >= 2016 - LOW_MINUTES / 5 ? 0.55 : 0.72)),
    hours: steps(3_600_000, () => 0.7),
    explain: null,
    tiers,
    owners: [],
    nobody: nobody(now.loss),
    owners_earlier: new Map(),
    jobs: [],
    pools: [],
    queue: null,
    energy: null,
    pue: null,
    pue_year: null,
    devices_energy: null,
    racks: [],
    loops: null,
    alerts: [],
    scores: null,
    restatements: [],
    months: [],
    cost_book: null,
    costs: [],
    sources: {
      query_ids: [],
      queries_hash: '',
      settled_until: null,
      states_final_until: null,
      journal: 0,
      prices: null,
      contracts: null,
      owners: null,
      cost_book: null,
      facility_entries: 0,
      inventory_entries: 0,
    },
    ...change,
  }
}

function nobody(loss: LossGroup): OwnerFigures {
  const { key: _key, by_state: _lines, ...shared } = loss
  return {
    ...shared,
    tenant: '',
    display_name: '',
    contact: '',
    billing: 'unknown',
    held_device_seconds: 0,
    idle_held_device_seconds: 0,
    reserve_device_seconds: 0,
    contract: null,
  }
}

export const inputOf = (
  change: Partial<ReportAnswers> = {},
  more: Partial<BuildInput> = {},
): BuildInput => ({
  id: WEEK.id,
  kind: 'week',
  state: 'whole',
  calendar: shanghai,
  answers: answersOf(change),
  holidays: [],
  versusId: BEFORE.id,
  lastActions: [],
  smallChanges: [],
  ...more,
})
