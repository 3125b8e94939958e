import { ExplainAnswer, type ExplainContributor } from '#schemas/api-explain.ts'
import { ForecastAnswer, LEARNING_DAYS } from '#schemas/api-forecast.ts'
import { LedgerAnswer, LossAnswer, TiersAnswer, WATERFALL_STEPS } from '#schemas/api-ledger.ts'
import { TenantNames } from '#schemas/api.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import { groupOf, HOUR_MS, MINUTE_MS, PARTS } from './stub-fleet.ts'

/** TEST ONLY. What the Fleet page asks of now: the ledger of a minute, its loss and tiers, what is expected, what changed. */

/** `none` = no crossing in a day; `learning` = three days of history; `away` = nobody forecasts. */
export type StubForecast = 'crossing' | 'none' | 'learning' | 'away'

const iso = (ms: number) => new Date(ms).toISOString()

function frameOf(fromMs: number, toMs: number) {
  return {
    definition: DEFINITION_SET,
    from: iso(fromMs),
    to: iso(toMs),
    resolution: '1m_group' as const,
    settled_until: iso(toMs),
    provisional: false,
    simulated: true,
  }
}

/** Device-seconds of the whole fleet over a window, as far as its first minute tells. */
function timesOf(fromMs: number, toMs: number, nowMs: number) {
  const { devices, coverage, utilization } = groupOf({}, PARTS, fromMs, nowMs)
  const capacity = devices * ((toMs - fromMs) / 1000)
  const share = (part: number) => Math.round(capacity * part)
  const ledger = {
    failed: share(0.006),
    drained: share(0.012),
    verification: share(0.004),
    unallocated: share(0.051),
    idle_held: share(0.068),
    throttled: share(0.009),
    inefficient: share(0.031),
  }
  const base = capacity - ledger.verification
  const known = Math.round(base * (coverage ?? 0))
  const { verification: _, ...counted } = ledger
  const others = Object.values(counted).reduce((sum, part) => sum + part, 0)
  const busy = Math.round(known * (utilization ?? 0))
  const atWork = { throttled: share(0.008), inefficient: share(0.028) }
  return {
    devices,
    capacity,
    base,
    known,
    busy,
    ledger: { ...ledger, unknown: base - known, productive: known - others },
    busyByState: {
      failed: 0,
      drained: 0,
      verification: 0,
      unknown: 0,
      unallocated: 0,
      idle_held: 0,
      ...atWork,
      productive: busy - atWork.throttled - atWork.inefficient,
    },
  }
}

type Times = ReturnType<typeof timesOf>

const boundsOf = ({ capacity, base, known, busy }: Times) => ({
  utilization: busy / known,
  util_lo: busy / base,
  util_hi: (busy + base - known) / base,
  coverage: known / base,
  capacity_device_seconds: capacity,
  base_device_seconds: base,
  known_device_seconds: known,
  busy_device_seconds: busy,
})

function ledgerAt(fromMs: number, toMs: number, nowMs: number): LedgerAnswer {
  const times = timesOf(fromMs, toMs, nowMs)
  const { ledger } = times
  const lost = { ...ledger, capacity: -times.capacity, busy: -times.busy, busy_while_quiet: 0 }
  const part_busy = ledger.productive + ledger.inefficient + ledger.throttled - times.busy
  return LedgerAnswer.parse({
    ...frameOf(fromMs, toMs),
    states_final_until: iso(toMs - 2 * HOUR_MS),
    groups: [
      {
        key: {},
        devices: times.devices,
        ...boundsOf(times),
        ledger,
        reserve_device_seconds: 0,
        busy_by_state: times.busyByState,
        throttled_by_cause: { heat: ledger.throttled, power_brake: 0, hardware: 0 },
        waterfall: WATERFALL_STEPS.map((step) => ({
          step,
          device_seconds: -{ ...lost, part_busy }[step],
        })),
        allocation_sources: { slurm: times.capacity },
        ledger_ok: true,
        missing_device_seconds: 0,
      },
    ],
  })
}

/** Dollars an hour of one device. */
const PRICE = 2.1

function lossAt(fromMs: number, toMs: number, nowMs: number): LossAnswer {
  const times = timesOf(fromMs, toMs, nowMs)
  const money = (seconds: number) => ({
    gpu_hours: seconds / 3600,
    usd: (seconds / 3600) * PRICE,
  })
  const { ledger } = times
  const lost = times.known - times.busy
  const zero = money(0)
  const usd = money(lost).usd
  return LossAnswer.parse({
    ...frameOf(fromMs, toMs),
    states_final_until: null,
    contract_step_hours: null,
    groups_total: 1,
    groups: [
      {
        key: {},
        devices: times.devices,
        ...boundsOf(times),
        lost_gpu_hours: lost / 3600,
        loss_usd: {
          versus_capacity: usd,
          versus_target: money(0.75 * times.known - times.busy).usd,
        },
        usd_per_hour: usd / ((toMs - fromMs) / HOUR_MS),
        by_state: {
          failed: money(ledger.failed),
          drained: money(ledger.drained),
          unallocated: money(ledger.unallocated),
          idle_held: money(ledger.idle_held),
          throttled: money(ledger.throttled),
          part_busy: money(lost - ledger.failed - ledger.drained - ledger.unallocated),
          inefficient: zero,
        },
        throttled_by_cause: { heat: money(ledger.throttled), power_brake: zero, hardware: zero },
        customer_by_state: {
          failed: zero,
          drained: zero,
          unallocated: zero,
          idle_held: money(ledger.idle_held),
          throttled: zero,
          part_busy: zero,
          inefficient: zero,
        },
        payers: { ours: money(lost / 2), customer: money(lost / 2) },
        unallocated: { unsold: money(ledger.unallocated), sold_without_job: zero },
        reserve: zero,
        customer_reserve: zero,
        unpriced_hours: 0,
        assumed: true,
        idle_energy: {
          kwh: 12,
          site_kwh: 15,
          coverage: 0.99,
          usd: 1.5,
          co2e_kg: null,
          pue: 1.25,
          pue_kind: 'design',
          pue_label: null,
          pue_category: null,
          pue_period: null,
          assumed: true,
        },
      },
    ],
  })
}

function tiersAt(fromMs: number, toMs: number, nowMs: number): TiersAnswer {
  const times = timesOf(fromMs, toMs, nowMs)
  const { utilization: value, coverage } = boundsOf(times)
  const weighting = { value, coverage, unweighted_device_seconds: 0, unweighted_models: [] }
  const equivalents = times.devices * 0.82
  return TiersAnswer.parse({
    ...frameOf(fromMs, toMs),
    groups: [
      {
        key: {},
        devices: times.devices,
        ...boundsOf(times),
        tiers: {
          allocated: { value: 0.931, coverage },
          busy: { value, coverage },
          active: { value: value * 0.58, coverage: 0.62 },
          effective: { value: null, coverage: null },
        },
        busy_by: {
          device: weighting,
          compute: {
            ...weighting,
            value: value * 1.02,
            unweighted_models: ['Ascend 910C'],
            basis: 'bf16',
            h100_tflops: 989,
            h100_equivalents: {
              capacity: equivalents,
              known: equivalents * coverage,
              busy: equivalents * coverage * value,
            },
          },
          price: { ...weighting, assumed: true },
        },
      },
    ],
  })
}

const AHEAD_S = [900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400]

function forecastAt(nowMs: number, story: StubForecast): ForecastAnswer {
  const madeMs = Math.floor(nowMs / (5 * MINUTE_MS)) * 5 * MINUTE_MS
  const now = groupOf({}, PARTS, madeMs, nowMs).utilization ?? 0
  const falls = story === 'crossing'
  const middle = (ahead: number) =>
    falls ? now - (now - 0.575) * Math.min(1, ahead / 7200) : now - 0.01
  const to_line = falls
    ? { low_s: 3000, early_s: 4200, median_s: 6600, high_s: 15_000 }
    : { low_s: null, early_s: null, median_s: null, high_s: null }
  const at = (seconds: number | null) => (seconds === null ? null : iso(madeMs + seconds * 1000))
  const learned_days = story === 'learning' ? 3 : falls ? 16 : LEARNING_DAYS
  return ForecastAnswer.parse({
    definition: DEFINITION_SET,
    simulated: true,
    at: iso(nowMs),
    scope: 'fleet',
    forecasts: (story === 'away' ? [] : [0]).map(() => ({
      labels: { zone_set: 'fleet' },
      made_ms: madeMs,
      made_at: iso(madeMs),
      line: 0.6,
      now,
      coverage: 0.98,
      points: AHEAD_S.map((ahead_s) => {
        const half = 0.006 + 0.05 * Math.min(1, ahead_s / 21_600)
        const p50 = middle(ahead_s)
        return {
          ahead_s,
          at: iso(madeMs + ahead_s * 1000),
          p10: p50 - half,
          p50,
          p90: p50 + half,
          below: falls && ahead_s > 7000 ? 0.7 : 0.02,
          last_week: null,
        }
      }),
      to_line,
      to_line_at: {
        low: at(to_line.low_s),
        early: at(to_line.early_s),
        median: at(to_line.median_s),
        high: at(to_line.high_s),
      },
      chance: falls ? 0.82 : 0.03,
      contributors: falls
        ? [
            {
              kind: 'job',
              name: '48213',
              tenant: 'videogen-7',
              devices: 256,
              at_ms: madeMs + 6_600_000,
              change_ppm: -92_000,
            },
          ]
        : [],
      learned_days,
      announced: 'no',
      learning: { days: learned_days, of: LEARNING_DAYS },
    })),
  })
}

const contributor = (
  name: string,
  tenant: string | null,
  change_ppm: number,
): ExplainContributor => ({
  kind: tenant === null ? 'place' : 'job',
  name,
  cluster: 'east',
  tenant,
  change_ppm,
  devices: Math.abs(change_ppm) / 500,
  device_hours: 12,
  nodes: 'h1-r01-n[01-08]',
  node_count: 8,
  busy_from: tenant === null ? null : 0.93,
  busy_to: tenant === null ? null : 0.04,
  devices_still_held: tenant === null ? null : 64,
  at: null,
})

function explainAt(query: URLSearchParams) {
  const time = (name: string) => Number(query.get(name))
  const window = (from: number, to: number, utilization: number) => ({
    from: iso(from),
    to: iso(to),
    resolution: '1m' as const,
    utilization,
    coverage: 0.985,
    capacity_devices: 2048,
    known_devices: 2017,
    busy_devices: 2017 * utilization,
  })
  const part = (cause: string, contributors: ExplainContributor[], others = 0) => ({
    cause,
    change_ppm: contributors.reduce((sum, one) => sum + one.change_ppm, others),
    device_hours: 24,
    busy_device_hours: -20,
    contributors,
    others: { count: others === 0 ? 0 : 7, change_ppm: others },
  })
  const causes = [
    part('jobs_stalled', [contributor('48213', 'videogen-7', -41_200)]),
    part('jobs_ended', [contributor('47990', 'llm-pretrain', -12_300)], -3_100),
    part('jobs_started', [contributor('48377', 'search-rank', 8_600)]),
    part('failed', [contributor('h1-r02', null, -4_100)]),
  ]
  const residual_ppm = -450
  const change = causes.reduce((sum, one) => sum + one.change_ppm, residual_ppm)
  const before = 0.683
  return ExplainAnswer.extend({ names: TenantNames }).parse({
    definition: DEFINITION_SET,
    simulated: true,
    settled_until: iso(time('b_to')),
    a: window(time('a_from'), time('a_to'), before),
    b: window(time('b_from'), time('b_to'), before + change / 1e6),
    change_ppm: change,
    causes,
    residual_ppm,
    sentence: {
      en: 'Utilization fell 5.3 points, from 68.3 % to 63.0 %: job 48213 of videogen-7 went quiet: -4.1; job 47990 ended: -1.2; all else: +0.0.',
      zh: '利用率下降 5.3 个百分点，从 68.3 % 降至 63.0 %：videogen-7 的作业 48213 停滞：-4.1；作业 47990 结束：-1.2；其他：+0.0。',
    },
    names: { tenant: { 'videogen-7': 'Videogen 7' } },
  })
}

/** Epoch ms or RFC 3339, as the API takes them. */
const momentOf = (text: string | null): number | null =>
  text === null ? null : /^\d+$/.test(text) ? Number(text) : Date.parse(text)

/** Answers about now; null = the question is not one of them. */
export function nowAt(
  path: string,
  query: URLSearchParams,
  asked: { readonly nowMs: number; readonly forecast: StubForecast },
): { readonly body: unknown } | null {
  const { nowMs } = asked
  if (path === 'forecast') return { body: forecastAt(nowMs, asked.forecast) }
  if (path === 'explain') return { body: explainAt(query) }
  const toMs = momentOf(query.get('to')) ?? nowMs
  const fromMs = momentOf(query.get('from')) ?? toMs - 24 * HOUR_MS
  if (query.has('group_by')) return null
  if (path === 'ledger') return { body: ledgerAt(fromMs, toMs, nowMs) }
  if (path === 'loss') return { body: lossAt(fromMs, toMs, nowMs) }
  if (path === 'utilization/tiers') return { body: tiersAt(fromMs, toMs, nowMs) }
  return null
}
