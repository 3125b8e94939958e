import {
  COUNT,
  type MetricDefinition,
  metricRow,
  RATIO,
  type RowOptions,
  TEMPERATURE,
} from '#schemas/metric-definition.ts'

/**
 * The catalogue of what meters, cooling units and weather stations of a site measure. Tall like node samples: few,
 * slow and of many kinds. Names carry the base unit; flow keeps litres per minute, the unit of every plate and manual.
 */

type Row<Name extends string> = MetricDefinition & { readonly name: Name }
type Label = readonly [en: string, zh: string]

const METER = { scope: 'meter' } as const
const METER_LAST: RowOptions = { scope: 'meter', settle: 'last' }

const gauge = <Name extends string>(
  name: Name,
  unit: MetricDefinition['unit'],
  range: readonly [min: number, max: number],
  label: Label,
  options: RowOptions = METER,
): Row<Name> => metricRow(name, unit, 'gauge', range, 'f64', label, options)

const code = <Name extends string>(name: Name, max: number, label: Label): Row<Name> =>
  metricRow(name, 'code', 'enum', [0, max], 'f64', label, METER_LAST)

/** A site feed carries some 200 MW; beyond 1 GW a word order is wrong. */
const POWER = [0, 1e9] as const
/** 1 GW for 30 years, joules. */
const ENERGY = [0, 1e18] as const
const PRESSURE = [-100_000, 5_000_000] as const
const FLOW = [0, 1_000_000] as const

/** Every metric of a meter, a cooling unit or a weather station. */
export const METER_METRICS = [
  gauge('power_watts', 'watts', POWER, ['Power', '功率']),
  gauge('apparent_power_voltamperes', 'voltamperes', POWER, ['Apparent power', '视在功率']),
  metricRow('energy_joules_total', 'joules', 'counter', ENERGY, 'f64', ['Energy', '电能'], METER),
  /** When the energy counter was reset by the meter's own word, seconds since 1970 by its clock. */
  gauge('energy_reset_seconds', 'seconds', [0, 1e10], ['Energy reset', '电能清零'], METER_LAST),
  gauge('current_amperes', 'amperes', [0, 100_000], ['Current', '电流']),
  gauge('voltage_volts', 'volts', [0, 500_000], ['Voltage', '电压']),
  gauge('power_factor_ratio', 'ratio', [-1, 1], ['Power factor', '功率因数']),
  gauge('frequency_hertz', 'hertz', [0, 1000], ['Frequency', '频率']),
  gauge('load_ratio', 'ratio', [0, 4], ['Load', '负载率']),
  gauge('battery_runtime_seconds', 'seconds', [0, 1e7], ['Battery run time', '电池剩余时间']),
  gauge('temperature_celsius', 'celsius', TEMPERATURE, ['Temperature', '温度']),
  gauge('humidity_ratio', 'ratio', RATIO, ['Relative humidity', '相对湿度']),
  gauge('dew_point_celsius', 'celsius', TEMPERATURE, ['Dew point', '露点']),
  gauge('wet_bulb_celsius', 'celsius', TEMPERATURE, ['Wet-bulb temperature', '湿球温度']),
  gauge('supply_temperature_celsius', 'celsius', TEMPERATURE, ['Supply temperature', '供液温度']),
  gauge('return_temperature_celsius', 'celsius', TEMPERATURE, ['Return temperature', '回液温度']),
  gauge('setpoint_celsius', 'celsius', TEMPERATURE, ['Set point', '设定温度'], METER_LAST),
  gauge('flow_liters_per_minute', 'liters_per_minute', FLOW, ['Flow', '流量']),
  gauge(
    'rated_flow_liters_per_minute',
    'liters_per_minute',
    FLOW,
    ['Rated flow', '额定流量'],
    METER_LAST,
  ),
  gauge('supply_pressure_pascals', 'pascals', PRESSURE, ['Supply pressure', '供液压力']),
  gauge('return_pressure_pascals', 'pascals', PRESSURE, ['Return pressure', '回液压力']),
  gauge('filter_pressure_drop_pascals', 'pascals', PRESSURE, [
    'Filter pressure drop',
    '过滤器压差',
  ]),
  gauge('reservoir_level_ratio', 'ratio', RATIO, ['Reservoir level', '储液罐液位']),
  gauge('heat_removed_watts', 'watts', POWER, ['Heat removed', '排热功率']),
  gauge('valve_position_ratio', 'ratio', RATIO, ['Valve position', '阀门开度']),
  gauge('pump_speed_ratio', 'ratio', RATIO, ['Pump speed', '泵转速']),
  metricRow(
    'pump_hours_total',
    'count',
    'counter',
    COUNT,
    'f64',
    ['Pump hours', '泵运行小时'],
    METER,
  ),
  /** See PUMP_STATES. */
  code('pump_state', 3, ['Pump', '泵状态']),
  /** See LEAK_STATES. */
  code('leak_state', 4, ['Leak detector', '漏液检测']),
  gauge('coolant_ph', 'ph', [0, 14], ['Coolant pH', '冷却液 pH']),
  gauge(
    'coolant_conductivity_siemens_per_meter',
    'siemens_per_meter',
    [0, 100],
    ['Conductivity', '电导率'],
  ),
  gauge('coolant_turbidity_ntu', 'ntu', [0, 10_000], ['Turbidity', '浊度']),
] as const satisfies readonly MetricDefinition[]

export type MeterMetricName = (typeof METER_METRICS)[number]['name']
/** Values of one meter at one moment; an absent key and null mean the same: missing. */
export type MeterMetricValues = { [Name in MeterMetricName]?: number | null }

/**
 * Codes of `leak_state`, by number. A detector that cannot say is `unavailable`, which is not ok; `absent` is a place
 * without a detector.
 */
export const LEAK_STATES = ['ok', 'warning', 'critical', 'unavailable', 'absent'] as const
/** Codes of `pump_state`, by number. */
export const PUMP_STATES = ['running', 'standby', 'failed', 'unavailable'] as const

const BY_NAME: ReadonlyMap<string, MetricDefinition> = new Map(
  METER_METRICS.map((metric) => [metric.name, metric]),
)

/** The catalogue row of a meter metric, or undefined for a name nobody defined. */
export const meterMetricDefinition = (name: string): MetricDefinition | undefined =>
  BY_NAME.get(name)

/** Narrow outside text to a canonical name. */
export const isMeterMetricName = (name: string): name is MeterMetricName => BY_NAME.has(name)
