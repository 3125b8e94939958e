import { describe, expect, it } from 'vitest'
import { AlertsAnswer } from '#schemas/api-alerts.ts'
import { ForecastAnswer } from '#schemas/api-forecast.ts'
import { PIPELINE_SERIES, PipelineAnswer } from '#schemas/api-pipeline.ts'
import { ZonesAnswer } from '#schemas/api-zones.ts'
import { FleetSummary } from '#schemas/api.ts'
import { DEFAULT_ZONE_SET } from '#schemas/alerts/zone-levels.ts'
import type { Answers } from './ask.ts'
import { fleetGroup, statusJson, statusLines } from './lines.ts'
import { exitCodeOf, zoneNow } from './zone.ts'

const NOW = Date.UTC(2026, 4, 4, 2)
const time = (ms: number) => new Date(ms).toISOString()
const nobody = { missing: 'E_NOT_FOUND: there is no such page' } as const

const [levels = { from_ms: 0, ticket: 0, watch: 0, warn: 0, danger: 0 }] = DEFAULT_ZONE_SET.levels
const zones = ZonesAnswer.parse({
  definition: '2026.1',
  simulated: false,
  at: time(NOW),
  is_default: true,
  sets: [{ ...DEFAULT_ZONE_SET, in_force: levels, levels: [levels] }],
})

const group = (utilization: number | null, coverage: number | null) => ({
  utilization,
  coverage,
  util_hi: utilization === null || coverage === null ? null : utilization * coverage + 1 - coverage,
})

function summary(utilization: number, coverage = 0.99222): FleetSummary {
  const tier = { value: null, coverage: null }
  const base = 50_000 * 300
  return FleetSummary.parse({
    definition: '2026.1',
    from: time(NOW - 300_000),
    to: time(NOW),
    resolution: '1m_group',
    settled_until: time(NOW),
    provisional: false,
    simulated: false,
    pending_devices: 0,
    groups: [
      {
        key: {},
        devices: 50_000,
        ...group(utilization, coverage),
        util_lo: utilization * coverage,
        capacity_device_seconds: base,
        base_device_seconds: base,
        known_device_seconds: base * coverage,
        busy_device_seconds: base * coverage * utilization,
        busy_sources: {},
        active: tier,
        effective: tier,
        memory_used: tier,
        power_watts: null,
        power_coverage: null,
        temperature_celsius_max: null,
        loss_usd: { versus_capacity: null, versus_target: 1_383.33 },
      },
    ],
  })
}

function alertsAnswer(more: object | null, at: object = {}): AlertsAnswer {
  const words = { en: 'Words', zh: '文字' }
  const alert = {
    fingerprint: '0'.repeat(32),
    rule: 'utilization_zone',
    labels: { zone_set: 'fleet' },
    severity: 'page',
    state: 'firing',
    mode: 'paging',
    since_ms: NOW,
    fired_ms: NOW,
    resolved_ms: null,
    cost_usd: 0,
    reading: {
      value: 0.62,
      low: null,
      high: null,
      coverage: null,
      usd_per_hour: null,
      devices: null,
      what: null,
      why: null,
      doing: null,
      known: null,
    },
    group: null,
    line: { en: '[PAGE] Fleet busy 62.0 %, not yet clear of the 60 % line', zh: '集群' },
    title: words,
    action: words,
    runbook: null,
    urgent: true,
    ack: null,
    suppressed_by: null,
    would_have_paged: null,
    ...more,
  }
  return AlertsAnswer.parse({
    at_ms: NOW,
    evaluator: { last_pass_ms: NOW - 9_000, rules: 51, series: 400, errors: 0 },
    open: { page: more === null ? 0 : 1, warn: 0, ticket: 0, data: 0 },
    alerts: more === null ? [] : [alert],
    more: 0,
    simulated: false,
    ...at,
  })
}

describe('the zone and its exit code', () => {
  const of = (utilization: number | null, coverage: number | null, alerts?: AlertsAnswer) => {
    const found = zoneNow(group(utilization, coverage), zones, alerts ?? null)
    return [found.zone, exitCodeOf(found)]
  }
  it('is that of the last settled minutes', () => {
    expect(of(0.8, 0.99)).toEqual(['ok', 0])
    expect(of(0.74, 0.99)).toEqual(['ticket', 0])
    expect(of(0.69, 0.99)).toEqual(['watch', 0])
    expect(of(0.64, 0.99)).toEqual(['warn', 1])
    expect(of(0.58, 0.99)).toEqual(['danger', 2])
  })
  it('is unknown where too little reports, and danger where it is danger anyway', () => {
    expect(of(0.8, 0.94)).toEqual(['unknown', 3])
    expect(of(null, 0)).toEqual(['unknown', 3])
    expect(of(0.4, 0.8)).toEqual(['danger', 2])
    expect(exitCodeOf(zoneNow(null, zones, null))).toBe(3)
    expect(exitCodeOf(zoneNow(group(0.8, 1), null, null))).toBe(3)
  })
  it('is the open alert’s while that is worse, held too', () => {
    expect(of(0.62, 0.99, alertsAnswer({}))).toEqual(['danger', 2])
    expect(of(0.8, 0.99, alertsAnswer({ state: 'held' }))).toEqual(['unknown', 3])
    expect(of(0.64, 0.99, alertsAnswer({ severity: 'ticket' }))).toEqual(['warn', 1])
  })
  it('no alert of another scope, nor an evaluator that is silent, has a say', () => {
    const hall = alertsAnswer({ labels: { zone_set: 'halls', hall: 'h2' } })
    expect(of(0.8, 0.99, hall)).toEqual(['ok', 0])
    const silent = { last_pass_ms: NOW - 600_000, rules: 51, series: 400, errors: 0 }
    expect(of(0.8, 0.99, alertsAnswer({}, { evaluator: silent }))).toEqual(['ok', 0])
  })
})

const pipeline = PipelineAnswer.parse({
  simulated: false,
  at: time(NOW),
  store_answered_at: time(NOW),
  store_answers: true,
  verdict: {
    state: 'warning',
    message: 'figures are late',
    message_zh: '数据滞后',
    findings: [],
  },
  lag_messages: 0,
  newest_sample_at: time(NOW + 60_000),
  lag_seconds: 1,
  settled_until: time(NOW),
  settled_age_seconds: 75,
  processes: [],
  collectors: null,
  recent: { gaps: [], quarantine: [], restatements: [], resends: [] },
  series: {
    t0: NOW,
    step_ms: 60_000,
    values: Object.fromEntries(PIPELINE_SERIES.map((name) => [name, []])),
  },
  roles: [],
})

const forecast = (median: string | null) =>
  ForecastAnswer.parse({
    definition: '2026.1',
    simulated: false,
    at: time(NOW),
    scope: 'fleet',
    forecasts: [
      {
        labels: { zone_set: 'fleet' },
        made_ms: NOW,
        made_at: time(NOW),
        line: 0.6,
        now: 0.66,
        coverage: 0.99,
        points: [],
        to_line: { low_s: 1500, early_s: 2400, median_s: 3600, high_s: null },
        to_line_at: { low: time(NOW + 1_500_000), early: null, median, high: null },
        chance: 0.8,
        contributors: [],
        learned_days: 9,
        learning: { days: 9, of: 28 },
        announced: 'warn',
      },
    ],
  })

const answers: Answers = {
  base: 'http://127.0.0.1:8440',
  atMs: NOW + 75_000,
  ready: { ok: true, words: '', warnings: ['the disk is 91 % full'] },
  session: nobody,
  fleet: { value: summary(0.64) },
  zones: { value: zones },
  alerts: { value: alertsAnswer({}) },
  forecast: { value: forecast(time(NOW + 3_600_000)) },
  pue: nobody,
  collection: nobody,
  pipeline: { value: pipeline },
}
const told = (given: Answers) => {
  const { zones: lines, alerts } = given
  const zone = zoneNow(
    fleetGroup(given),
    'value' in lines ? lines.value : null,
    'value' in alerts ? alerts.value : null,
  )
  return { lines: statusLines(given, zone), json: statusJson(given, zone) }
}

describe('the fleet in ten lines', () => {
  it('says each figure, and beneath it what is open', () => {
    expect(told(answers).lines).toEqual([
      'http://127.0.0.1:8440: ready',
      '  the disk is 91 % full',
      'Fleet     busy 64.0 % (63.5 % to 64.3 %), coverage 99.2 %',
      'Zone      danger: [PAGE] Fleet busy 62.0 %, not yet clear of the 60 % line',
      'Loss      $16,600/h against 75 %',
      'Reporting 49,611 of 50,000 devices',
      'Alerts    1 page, 0 warn, 0 ticket, 0 data open; evaluated 9 s ago',
      '  [PAGE] Fleet busy 62.0 %, not yet clear of the 60 % line',
      'Next      under the 60 % line about 03:00 (02:25 to later) UTC; learning: 9 of 28 days',
      'PUE       not known (E_NOT_FOUND: there is no such page)',
      'Pipeline  warning: figures are late',
      '  no collector has said how it is; ingest: 0 of 0 processes report',
      'Settled   until 2026-05-04T02:00:00.000Z, 75 s ago; newest sample 2026-05-04T02:01:00.000Z',
    ])
  })
  it('what did not answer is not known, and never nothing or zero', () => {
    const dark: Answers = {
      ...answers,
      ready: { ok: false, words: 'store away', warnings: [] },
      fleet: nobody,
      zones: nobody,
      alerts: nobody,
      forecast: nobody,
      pipeline: nobody,
    }
    const { lines, json } = told(dark)
    expect(lines).toHaveLength(10)
    expect(lines[0]).toBe('http://127.0.0.1:8440: not ready, store away')
    expect(lines.filter((line) => line.includes('not known'))).toHaveLength(8)
    expect(json).toMatchObject({ zone: 'unknown', exit_code: 3, utilization: null, pipeline: null })
  })
  it('no crossing ahead is said in words', () => {
    const { lines } = told({ ...answers, forecast: { value: forecast(null) } })
    expect(lines).toContain(
      'Next      not under the 60 % line within a day; learning: 9 of 28 days',
    )
  })
  it('the same as JSON', () => {
    expect(told(answers).json).toMatchObject({
      zone: 'danger',
      exit_code: 2,
      utilization: 0.64,
      loss_usd_per_hour: expect.closeTo(16_600, 0),
      alerts_open: { page: 1 },
      next_crossing: { median: '2026-05-04T03:00:00.000Z', high: null },
      settled_until: '2026-05-04T02:00:00.000Z',
    })
  })
})
