import { EnergyAnswer, type FacilityResolution, PueAnswer } from '#schemas/api-facility.ts'
import { OwnersAnswer } from '#schemas/api-ledger.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { HOUR_MS, noise } from './stub-fleet.ts'

/** TEST ONLY. Energy of a made-up site of some 150 MW: well, with a faulty meter for hours, or without any meters. */

export type StubFacility = 'well' | 'trouble' | 'none'

const BUCKET_MS = 900_000
const DAY_MS = 24 * HOUR_MS
const NOTHING = { total: 0, it: 0, cooling: 0, distribution: 0, other: 0 }
const ROLES = ['it', 'cooling', 'distribution', 'other'] as const

const iso = (ms: number) => new Date(ms).toISOString()
const settledUntil = (nowMs: number) => Math.floor((nowMs - 120_000) / BUCKET_MS) * BUCKET_MS

/** Mean kW of a bucket by role; days and nights, a job of 9 MW that ends and begins. */
function powersAt(ms: number) {
  const hour = ((ms / HOUR_MS + 8) % 24) - 15
  const day = Math.exp(-((hour / 6) ** 2))
  const step = Math.floor(ms / (5 * HOUR_MS)) % 3 === 0 ? -9_000 : 0
  const it = 118_000 + 9_000 * day + step + 1_500 * noise(Math.floor(ms / BUCKET_MS))
  const cooling = 7_900 + 0.028 * it + 900 * day
  return { it, cooling, distribution: 0.031 * it, other: 1_150 }
}

function isCounted(ms: number, nowMs: number, state: StubFacility): boolean {
  if (state === 'none') return false
  const hours = (nowMs - ms) / HOUR_MS
  return !(hours > 9 && hours <= (state === 'trouble' ? 15.9 : 9.25))
}

function figuresOf(fromMs: number, toMs: number, nowMs: number, state: StubFacility) {
  const kwh = { ...NOTHING }
  const expected = Math.max(1, Math.round((toMs - fromMs) / BUCKET_MS))
  let counted = 0
  for (let ms = fromMs; ms < toMs; ms += BUCKET_MS) {
    if (!isCounted(ms, nowMs, state)) continue
    counted += 1
    const powers = powersAt(ms)
    for (const role of ROLES) {
      kwh[role] += powers[role] / 4
      kwh.total += powers[role] / 4
    }
  }
  const lost = expected - counted
  const ratio = counted === 0 ? null : kwh.total / kwh.it
  const complete = counted / expected >= 0.98
  const mean = counted === 0 ? 0 : kwh.it / counted
  const label = toMs - fromMs >= 365 * DAY_MS ? ('PUE' as const) : ('iPUE' as const)
  const bound = (of: number) => (kwh.total + of * lost * mean) / (kwh.it + lost * mean)
  const load = (of: number) => (counted === 0 ? null : (of / counted) * 4)
  return {
    from: iso(fromMs),
    to: iso(toMs),
    label,
    name: counted === 0 ? label : `${label}3`,
    category: counted === 0 ? null : 3,
    categories: counted === 0 ? [] : [3],
    value: complete ? ratio : null,
    complete,
    value_of_known: ratio,
    lo: ratio === null ? null : bound(1),
    hi: ratio === null ? null : bound(3),
    coverage: counted / expected,
    coverage_total: state === 'none' ? 0 : 1 - (lost / expected) * 0.5,
    coverage_it: state === 'none' ? 0 : 0.998,
    buckets: {
      expected,
      counted,
      missing: state === 'none' ? expected : 0,
      total_incomplete: state === 'none' ? 0 : Math.min(1, lost),
      it_incomplete: 0,
      faulty: state === 'none' ? 0 : Math.max(0, lost - 1),
    },
    faulty_meters: lost > 0 && state !== 'none' ? [{ meter: 'utility-b', buckets: lost }] : [],
    it_load_kw: load(kwh.it),
    total_load_kw: load(kwh.total),
    kwh,
    estimated_share: counted === 0 ? null : 0.021,
  }
}

const STEP_MS: Readonly<Record<FacilityResolution, number>> = {
  '15m': BUCKET_MS,
  '1h': HOUR_MS,
  '1d': DAY_MS,
  '1w': 7 * DAY_MS,
  '1mo': 30 * DAY_MS,
  all: Number.POSITIVE_INFINITY,
}

function question(query: URLSearchParams, nowMs: number, state: StubFacility) {
  const end = settledUntil(nowMs)
  const floor = (ms: number) => Math.floor(ms / BUCKET_MS) * BUCKET_MS
  const toMs = Math.min(end, floor(Number(query.get('to') ?? end)))
  const fromMs = floor(Number(query.get('from') ?? toMs - DAY_MS))
  const resolution =
    (['15m', '1h', '1d', '1w', '1mo'] as const).find((key) => key === query.get('resolution')) ??
    ('all' as const)
  const step = STEP_MS[resolution]
  const starts: number[] = []
  // Days of the site begin at 16:00 UTC.
  const first =
    step < DAY_MS ? fromMs : Math.floor((fromMs + 8 * HOUR_MS) / step) * step - 8 * HOUR_MS
  if (resolution !== 'all')
    for (let ms = first; ms < toMs; ms += step) starts.push(Math.max(ms, fromMs))
  const periods = starts.map((start, at) => ({ fromMs: start, toMs: starts[at + 1] ?? toMs }))
  const frame = {
    definition: DEFINITION_SET,
    from: iso(fromMs),
    to: iso(toMs),
    resolution,
    settled_until: state === 'none' ? null : iso(end),
    simulated: true,
  }
  return { fromMs, toMs, periods, frame }
}

export function pueAt(query: URLSearchParams, nowMs: number, state: StubFacility = 'well') {
  const { fromMs, toMs, periods, frame } = question(query, nowMs, state)
  const window = figuresOf(fromMs, toMs, nowMs, state)
  const isShort = toMs - fromMs <= 31 * DAY_MS
  return PueAnswer.parse({
    ...frame,
    scope: 'site',
    scopes: state === 'none' ? [] : ['site', 'hall:h1', 'hall:h2'],
    window,
    periods: periods.map((period) => figuresOf(period.fromMs, period.toMs, nowMs, state)),
    comparable:
      window.value === null
        ? null
        : {
            from: iso(fromMs - 28 * DAY_MS),
            to: iso(fromMs),
            it_load_kw: window.it_load_kw ?? 0,
            buckets: isShort ? 317 : 0,
            wet_bulb_celsius: isShort ? 12.4 : null,
            value: isShort ? window.value - 0.0064 : null,
            difference: isShort ? 0.0064 : null,
            usd_per_hour: isShort ? 0.0064 * (window.it_load_kw ?? 0) * 0.081 : null,
            assumed: false,
            reason: isShort ? null : 'window_too_long',
          },
    design_pue: state === 'none' ? null : 1.15,
  })
}

export function energyAt(query: URLSearchParams, nowMs: number, state: StubFacility = 'well') {
  const { fromMs, toMs, frame } = question(query, nowMs, state)
  const { kwh } = figuresOf(fromMs, toMs, nowMs, state)
  const isNone = state === 'none'
  const groups = ROLES.map((role) => ({
    key: { role },
    kwh: isNone ? null : kwh[role],
    coverage: isNone ? null : role === 'it' ? 0.998 : 0.991,
    estimated_share: isNone ? null : role === 'cooling' ? 0.11 : 0,
    usd: isNone ? null : kwh[role] * 0.081,
    co2e_kg: isNone || state === 'trouble' ? null : kwh[role] * 0.5306,
    assumed: state === 'trouble',
    periods: [],
  }))
  const part = (share: number) => kwh.it * share
  return EnergyAnswer.parse({
    ...frame,
    groups,
    grid_factors:
      state === 'well'
        ? [{ from: iso(0), kg_co2e_per_kwh: 0.5306, source: 'grid operator, 2025' }]
        : [],
    it: isNone
      ? null
      : {
          measured_kwh: kwh.it,
          coverage: 0.998,
          source: 'energy',
          devices_kwh: part(0.689),
          devices_coverage: 0.962,
          parts: {
            devices_kwh: part(0.689),
            silent_nodes_kwh: part(0.018),
            gaps_kwh: part(0.009),
            host_kwh: part(0.284),
          },
          silent_nodes: 9,
          host_share: 0.284,
          contradicts: false,
        },
    power: {
      contracted_mw: isNone ? null : 180,
      peak_mw: isNone ? null : 148.31,
      peak_at: isNone ? null : iso(toMs - 7 * HOUR_MS),
      power_capacity_utilization: isNone ? null : 148.31 / 180,
      headroom_mw: isNone ? null : 31.69,
      swing_15m: isNone
        ? null
        : { mw: -9.42, from_mw: 147.9, to_mw: 138.48, at: iso(toMs - 4 * HOUR_MS) },
      swing_1m: isNone
        ? null
        : { mw: -6.18, from_mw: 146.2, to_mw: 140.02, at: iso(toMs - 4 * HOUR_MS + 240_000) },
    },
  })
}

const TENANTS = [
  ['vision', 'Vision research', 5_120, 41_300],
  ['llm-pretrain', 'LLM pre-training', 24_576, 28_750],
  ['speech', 'Speech', 2_048, 9_120],
  ['infra', '', 512, 1_044],
] as const

export function ownersAt(query: URLSearchParams, nowMs: number) {
  const toMs = Number(query.get('to') ?? nowMs)
  const fromMs = Number(query.get('from') ?? toMs - DAY_MS)
  const days = (toMs - fromMs) / DAY_MS
  const owner = (tenant: string, name: string, devices: number, kwhOfDay: number) => {
    const kwh = kwhOfDay * days
    return {
      tenant,
      display_name: name,
      contact: '',
      billing: 'paid',
      devices,
      utilization: 0.7,
      util_lo: 0.69,
      util_hi: 0.71,
      coverage: 0.99,
      capacity_device_seconds: devices * 86_400,
      base_device_seconds: devices * 86_400,
      known_device_seconds: devices * 85_000,
      busy_device_seconds: devices * 60_000,
      held_device_seconds: devices * 85_000,
      idle_held_device_seconds: devices * 9_000,
      reserve_device_seconds: 0,
      contract: null,
      lost_gpu_hours: devices * 2.5,
      loss_usd: { versus_capacity: devices * 5, versus_target: devices * 2 },
      payers: {
        ours: { gpu_hours: 0, usd: 0 },
        customer: { gpu_hours: devices * 2.5, usd: devices * 5 },
      },
      unpriced_hours: 0,
      assumed: false,
      idle_energy: {
        kwh,
        site_kwh: kwh * 1.142,
        coverage: tenant === 'infra' ? 0.41 : 0.983,
        usd: kwh * 1.142 * 0.081,
        co2e_kg: kwh * 1.142 * 0.5306,
        pue: 1.142,
        pue_kind: 'measured',
        pue_label: 'iPUE',
        pue_category: 3,
        pue_period: { from: iso(fromMs), to: iso(toMs) },
        assumed: false,
      },
    }
  }
  return OwnersAnswer.parse({
    definition: DEFINITION_SET,
    from: iso(fromMs),
    to: iso(toMs),
    resolution: '1m',
    settled_until: iso(nowMs - 120_000),
    provisional: false,
    simulated: true,
    states_final_until: iso(nowMs - HOUR_MS),
    owners: TENANTS.map(([tenant, name, devices, kwh]) => owner(tenant, name, devices, kwh)),
    nobody: owner('', '', 1_800, 15_900),
  })
}
