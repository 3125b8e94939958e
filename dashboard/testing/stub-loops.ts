import { FacilityLoopsAnswer, type LoopReason, type LoopUnit } from '#schemas/api-facility-tree.ts'
import { DEFINITION_SET } from '#schemas/zones.ts'
import type { StubFacility } from './stub-energy.ts'
import { MINUTE_MS, noise } from './stub-fleet.ts'

/** TEST ONLY. Five made-up cooling loops, one in every state. */

const iso = (ms: number) => new Date(ms).toISOString()

interface UnitStory {
  readonly flow: number
  readonly supply: number
  readonly rise?: number
  readonly silent?: boolean
  readonly leak?: string
  readonly pump?: string
}

function unitAt(unit: string, nowMs: number, story: UnitStory): LoopUnit {
  const { flow, supply, silent = false, rise = 0 } = story
  const t0 = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - 59 * MINUTE_MS
  const known = <T>(value: T): T | null => (silent ? null : value)
  const age = silent ? 412 : 2
  const point = (name: string) => ({
    meter: `${unit}/${name}`,
    last_at: iso(nowMs - age * 1000),
    age_seconds: age,
  })
  const line = (value: (minute: number) => number) =>
    Array.from({ length: 60 }, (_, at) => (silent && at > 52 ? null : at === 17 ? null : value(at)))
  const trouble = (at: number) => (rise > 0 && at > 50 ? (at - 50) / 9 : 0)
  return {
    unit,
    communication_age_seconds: age,
    is_silent: silent,
    supply_celsius: known(supply),
    return_celsius: known(supply + 9.6),
    delta_kelvin: known(9.6),
    flow_liters_per_minute: known(flow),
    rated_flow_liters_per_minute: 1_450,
    primary_supply_celsius: known(31.2),
    primary_return_celsius: known(39.8),
    approach_kelvin: known(supply - 31.2),
    dew_point_margin_kelvin: known(supply - 14.1),
    heat_removed_watts: known(flow * 668),
    heat_computed_watts: known(flow * 661),
    rise_kelvin_per_minute: known(rise),
    pumps: [
      {
        ...point('pump/1'),
        state: silent ? 'unknown' : (story.pump ?? 'running'),
        speed_ratio: known(0.72),
      },
      {
        ...point('pump/2'),
        state: silent ? 'unknown' : story.pump === 'failed' ? 'running' : 'standby',
        speed_ratio: null,
      },
    ],
    leaks: [
      { ...point('leak/1'), state: silent ? 'unknown' : 'ok' },
      { ...point('leak/2'), state: silent ? 'unknown' : (story.leak ?? 'ok') },
    ],
    reservoir_level_ratio: known(0.81),
    filter_pressure_drop_pascals: known(18_400),
    device_limits: [
      {
        meter: `${unit}/secondary`,
        metric: 'flow_liters_per_minute',
        side: 'low',
        warning: 1_100,
        alarm: 900,
        in_force: true,
      },
      {
        meter: `${unit}/secondary`,
        metric: 'supply_temperature_celsius',
        side: 'high',
        warning: 45,
        alarm: null,
        in_force: false,
      },
    ],
    trend: {
      t0,
      step_ms: MINUTE_MS,
      supply_celsius: line(
        (at) => supply - 4.2 * (rise > 0 ? 1 - trouble(at) : 0) + 0.3 * noise(at + flow),
      ),
      flow_liters_per_minute: line(
        (at) => (rise > 0 ? 1_390 - (1_390 - flow) * trouble(at) : flow) + 8 * noise(at),
      ),
    },
  }
}

const reason = (
  given: Pick<LoopReason, 'state' | 'meter' | 'type' | 'text' | 'text_zh' | 'since'> &
    Partial<LoopReason>,
): LoopReason => ({
  action: '',
  action_zh: '',
  ...given,
})

export function loopsAt(nowMs: number, state: StubFacility = 'well') {
  const ago = (minutes: number) => iso(nowMs - minutes * MINUTE_MS)
  const flow = reason({
    state: 'alarm',
    meter: 'cdu-3/secondary',
    type: 'flow',
    text: 'cdu-3/secondary: flow against rated or usual 43 %, alarm below 65 %',
    text_zh: 'cdu-3/secondary：流量（相对额定或常值） 43 %，低于报警值 65 %',
    action:
      'Look for a stopped pump, a closed valve or a clogged filter; cold plates heat up within seconds: drain the racks of this loop if flow does not return.',
    action_zh:
      '检查停泵、阀门关闭或过滤器堵塞；冷板会在数秒内升温：若流量不恢复，请排空该回路机柜上的作业。',
    since: ago(6),
  })
  const detector = reason({
    state: 'unknown',
    meter: 'cdu-5/leak/2',
    type: 'leak_detector',
    text: 'cdu-5/leak/2: leak detector unavailable',
    text_zh: 'cdu-5/leak/2：漏液检测器 unavailable',
    since: null,
  })
  const pump = reason({
    state: 'warning',
    meter: 'cdu-4/pump/1',
    type: 'pump',
    text: 'cdu-4/pump/1: pump failed',
    text_zh: 'cdu-4/pump/1：泵 failed',
    since: ago(190),
  })
  const silent = reason({
    state: 'unknown',
    meter: 'cdu-6',
    type: 'meter_silent',
    text: 'cdu-6 gives no values',
    text_zh: 'cdu-6 没有数值',
    since: ago(6.9),
  })
  const stories = [
    [
      'h1-liquid',
      'Hall 1 liquid',
      'h1',
      [['cdu-3', { flow: 610, supply: 41.9, rise: 1.4 }]],
      [flow],
    ],
    [
      'h1-north',
      'Hall 1 north',
      'h1',
      [['cdu-4', { flow: 1_380, supply: 37.1, pump: 'failed' }]],
      [pump],
    ],
    [
      'h2-liquid',
      'Hall 2 liquid',
      'h2',
      [
        ['cdu-6', { flow: 1_390, supply: 37.2, silent: true }],
        ['cdu-7', { flow: 1_402, supply: 37.3 }],
      ],
      [silent],
    ],
    [
      'w1-liquid',
      '',
      'w1',
      [['cdu-5', { flow: 1_377, supply: 36.8, leak: 'unavailable' }]],
      [detector],
    ],
    [
      'w2-liquid',
      'West 2',
      'w2',
      [
        ['cdu-8', { flow: 1_395, supply: 37 }],
        ['cdu-9', { flow: 1_388, supply: 37.2 }],
      ],
      [],
    ],
  ] satisfies [string, string, string, [string, UnitStory][], LoopReason[]][]
  return FacilityLoopsAnswer.parse({
    definition: DEFINITION_SET,
    simulated: true,
    at: iso(nowMs),
    loops:
      state === 'none'
        ? []
        : stories.map(([loop, name, hall, given, reasons]) => {
            const units = given.map(([unit, story]) => unitAt(unit, nowMs, story))
            const flows = units.map((unit) => unit.flow_liters_per_minute)
            const whole = flows.every((one) => one !== null)
            const [first] = units.filter((unit) => !unit.is_silent)
            const computed = whole
              ? units.reduce((sum, unit) => sum + (unit.heat_computed_watts ?? 0), 0)
              : null
            const it = 1_150_000 * units.length
            const rise = first?.rise_kelvin_per_minute ?? null
            return {
              loop,
              name,
              hall,
              state: reasons[0]?.state ?? 'ok',
              reasons,
              since: reasons[0]?.since ?? null,
              supply_celsius: first?.supply_celsius ?? null,
              return_celsius: first?.return_celsius ?? null,
              delta_kelvin: first?.delta_kelvin ?? null,
              flow_liters_per_minute: whole
                ? units.reduce((sum, unit) => sum + (unit.flow_liters_per_minute ?? 0), 0)
                : null,
              approach_kelvin_max: first?.approach_kelvin ?? null,
              dew_point_margin_kelvin_min: first?.dew_point_margin_kelvin ?? null,
              rise_kelvin_per_minute_max: rise,
              design: {
                supply_celsius: 37,
                delta_kelvin: 10,
                flow_liters_per_minute: 1_450 * units.length,
                capacity_watts: 1_300_000 * units.length,
              },
              heat: {
                given_watts: computed === null ? null : computed * 1.01,
                computed_watts: computed,
                it_watts: it,
                it_meters: 24,
                capture_ratio: 0.82,
                expected_watts: it * 0.82,
                residual_ratio: computed === null ? null : computed / (it * 0.82) - 1,
                is_balanced:
                  computed === null ? null : Math.abs(computed / (it * 0.82) - 1) <= 0.15,
                observed_capture_ratio: computed === null ? null : computed / it,
                coolant: 'design',
              },
              units,
              on_it: {
                racks: Array.from({ length: 8 }, (_, at) => `${hall}-r0${at + 1}`),
                devices: 512,
                nodes: 64,
                jobs:
                  reasons.length === 0
                    ? []
                    : ['llm-7b-pretrain-881', 'eval-2207', 'vit-h-sweep-14', 'asr-41'],
                jobs_total: reasons.length === 0 ? 0 : 4,
                margin_kelvin_min: hall === 'w1' ? null : 16.8,
                minutes_to_slowdown: rise !== null && rise > 0.1 ? 12 : null,
              },
            }
          }),
  })
}
