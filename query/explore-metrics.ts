import { EXPLORE_STATS } from '#schemas/explore-names.ts'
import type { ExploreMetric, ExploreStat } from '#schemas/api-explore.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { LEDGER_STATES, type LedgerState } from '#schemas/ledger.ts'
import { METER_METRICS } from '#schemas/meter-metrics.ts'
import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { NODE_METRICS } from '#schemas/node-metrics.ts'
import { DIMENSIONS } from './filters.ts'
import { FLEET_METRICS, FleetMetric } from './fleet-metrics.ts'

/** What Explore can be asked for, made from the catalogues: a metric that is added there can be asked for here. */

/** A metric and where its values come from. */
export type Askable = { readonly metric: ExploreMetric } & (
  | { readonly from: 'fleet'; readonly figure: FleetMetric }
  | { readonly from: 'state'; readonly state: LedgerState }
  | { readonly from: 'device' | 'node' | 'meter'; readonly definition: MetricDefinition }
)

interface Words {
  readonly en: string
  readonly zh: string
}

const FIGURES: Readonly<Record<FleetMetric, { readonly label: Words; readonly text: Words }>> = {
  utilization: {
    label: { en: 'Utilization', zh: '利用率' },
    text: {
      en: 'Busy time of the known time of all devices of the group; silent time is unknown, not idle.',
      zh: '该组全部设备已知时间中的忙碌时间占比；静默时间为未知，不算空闲。',
    },
  },
  active: {
    label: { en: 'Active (how much of the chip)', zh: '活跃度（芯片工作比例）' },
    text: {
      en: 'SM active or AI Core, where a device gives it; coverage says of how much time.',
      zh: 'SM 活跃率或 AI Core 利用率，仅计给出该值的设备；覆盖率说明其时间占比。',
    },
  },
  effective: {
    label: { en: 'Effective (how much of the arithmetic)', zh: '有效算力' },
    text: {
      en: 'Tensor or AI Cube activity times the clock against its maximum.',
      zh: '张量核心或 AI Cube 活跃率乘以时钟与其上限之比。',
    },
  },
  power_watts: {
    label: { en: 'Power of all devices', zh: '设备总功率' },
    text: {
      en: 'Sum over the devices of the group that report power, mean of the step; without hosts and cooling.',
      zh: '该组中报告功率的设备之和，取步长内均值；不含主机与冷却。',
    },
  },
  temperature_celsius: {
    label: { en: 'Hottest device', zh: '最热设备' },
    text: {
      en: 'Highest temperature of any device of the group within the step.',
      zh: '步长内该组任一设备的最高温度。',
    },
  },
  memory_used_ratio: {
    label: { en: 'Device memory used', zh: '显存占用率' },
    text: {
      en: 'Used of total memory, mean over the devices that give both.',
      zh: '已用显存占总显存的比例，取两者皆有的设备均值。',
    },
  },
}

const STATE_LABELS: Readonly<Record<LedgerState, Words>> = {
  failed: { en: 'State: failed', zh: '状态：故障' },
  drained: { en: 'State: drained', zh: '状态：已排空' },
  verification: { en: 'State: verification', zh: '状态：验证' },
  unknown: { en: 'State: unknown', zh: '状态：未知' },
  unallocated: { en: 'State: unallocated', zh: '状态：未分配' },
  idle_held: { en: 'State: idle while held', zh: '状态：占用空闲' },
  throttled: { en: 'State: throttled', zh: '状态：降频' },
  inefficient: { en: 'State: inefficient', zh: '状态：低效' },
  productive: { en: 'State: productive', zh: '状态：高效' },
}

const STATE_TEXT: Words = {
  en: 'Share of capacity in this state of the ledger; the nine states sum to 100 %.',
  zh: '处于该账本状态的容量占比；九种状态之和为 100 %。',
}

const AVG: ExploreStat[] = ['avg']
const NODE_FIELDS = ['cluster', 'hall', 'rack', 'pool', 'node']

function figure(name: FleetMetric): Askable {
  const { unit } = FLEET_METRICS[name]
  const shared = { family: 'fleet', stats: AVG, kind: 'gauge' } as const
  return {
    from: 'fleet',
    figure: name,
    metric: { ...shared, ...FIGURES[name], name: `fleet.${name}`, unit, fields: [...DIMENSIONS] },
  }
}

function share(state: LedgerState): Askable {
  const said = {
    label: STATE_LABELS[state],
    text: STATE_TEXT,
    unit: 'ratio',
    kind: 'gauge',
  } as const
  const name = `fleet.${state}_share`
  const metric = { ...said, name, family: 'fleet' as const, stats: AVG, fields: [...DIMENSIONS] }
  return { from: 'state', state, metric }
}

const FIELDS = { device: [...DIMENSIONS, 'device'], node: NODE_FIELDS, meter: ['meter'] }

function reading(family: 'device' | 'node' | 'meter', definition: MetricDefinition): Askable {
  const { name, unit, kind, label, missing } = definition
  const metric: ExploreMetric = {
    name: `${family}.${name}`,
    family,
    label,
    unit,
    kind,
    text: { en: `Missing: ${missing}.`, zh: '缺失表示来源未给出该值；缺失不是零。' },
    // A mean of codes is no code.
    stats: kind === 'enum' || unit === 'bitmask' ? ['min', 'max'] : [...EXPLORE_STATS],
    fields: FIELDS[family],
  }
  return { from: family, definition, metric }
}

export const ASKABLE: readonly Askable[] = [
  ...FleetMetric.options.map(figure),
  ...LEDGER_STATES.map(share),
  ...DEVICE_METRICS.map((metric) => reading('device', metric)),
  ...NODE_METRICS.map((metric) => reading('node', metric)),
  ...METER_METRICS.map((metric) => reading('meter', metric)),
]

const BY_NAME = new Map(ASKABLE.map((askable) => [askable.metric.name, askable]))

/** Throws E_METRIC_UNKNOWN. */
export function askable(name: string): Askable {
  const found = BY_NAME.get(name)
  if (found !== undefined) return found
  throw new PlimsollError(
    'E_METRIC_UNKNOWN',
    `${JSON.stringify(name.slice(0, 60))} cannot be explored; GET /api/v1/explore/metrics lists what can`,
  )
}
