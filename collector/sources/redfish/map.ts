import type { MeterMetricName } from '#schemas/meter-metrics.ts'

/** A native property -> canonical metric, and what one native unit is in the canonical one. */
export interface Rule {
  readonly metric: MeterMetricName
  readonly factor: number
}

export type Rules = ReadonlyMap<string, Rule>
type Table = Readonly<Record<string, Rule>>

const KWH = 3.6e6
const PERCENT = 0.01
const KILO = 1000

const rule = (metric: MeterMetricName, factor = 1): Rule => ({ metric, factor })

function rulesOf(table: Table): Rules {
  return new Map(Object.entries(table))
}

/** PolyPhase properties repeat these per line, and are not read. */
const ELECTRIC: Table = {
  PowerWatts: rule('power_watts'),
  EnergykWh: rule('energy_joules_total', KWH),
  Voltage: rule('voltage_volts'),
  CurrentAmps: rule('current_amperes'),
  FrequencyHz: rule('frequency_hertz'),
  PowerLoadPercent: rule('load_ratio', PERCENT),
}

const AIR: Table = {
  TemperatureCelsius: rule('temperature_celsius'),
  HumidityPercent: rule('humidity_ratio', PERCENT),
  DewPointCelsius: rule('dew_point_celsius'),
}

/** Its state has rules of its own, in shapes.ts. */
export const PUMP = rulesOf({
  PumpSpeedPercent: rule('pump_speed_ratio', PERCENT),
  ServiceHours: rule('pump_hours_total'),
})

/** Type of a resource -> what is read of it. Types with shapes of their own are in shapes.ts. */
export const RULES: ReadonlyMap<string, Rules> = new Map([
  ['PowerDistributionMetrics', rulesOf({ ...ELECTRIC, ...AIR })],
  ['EnvironmentMetrics', rulesOf({ ...ELECTRIC, ...AIR })],
  ['Circuit', rulesOf(ELECTRIC)],
  ['Outlet', rulesOf(ELECTRIC)],
  [
    'PowerSupplyMetrics',
    rulesOf({
      InputPowerWatts: rule('power_watts'),
      InputVoltage: rule('voltage_volts'),
      InputCurrentAmps: rule('current_amperes'),
      EnergykWh: rule('energy_joules_total', KWH),
      FrequencyHz: rule('frequency_hertz'),
      TemperatureCelsius: rule('temperature_celsius'),
    }),
  ],
  [
    'CoolantConnector',
    rulesOf({
      FlowLitersPerMinute: rule('flow_liters_per_minute'),
      RatedFlowLitersPerMinute: rule('rated_flow_liters_per_minute'),
      SupplyTemperatureCelsius: rule('supply_temperature_celsius'),
      ReturnTemperatureCelsius: rule('return_temperature_celsius'),
      SupplyPressurekPa: rule('supply_pressure_pascals', KILO),
      ReturnPressurekPa: rule('return_pressure_pascals', KILO),
      HeatRemovedkW: rule('heat_removed_watts', KILO),
      ValvePositionPercent: rule('valve_position_ratio', PERCENT),
    }),
  ],
  ['Pump', PUMP],
  ['Reservoir', rulesOf({ FluidLevelPercent: rule('reservoir_level_ratio', PERCENT) })],
  ['CoolingLoop', rulesOf({ CoolantLevelPercent: rule('reservoir_level_ratio', PERCENT) })],
])

/** What else an excerpt of power says. */
export const POWER_EXTRAS: Rules = rulesOf({
  ApparentVA: rule('apparent_power_voltamperes'),
  PowerFactor: rule('power_factor_ratio'),
})

interface SensorRule {
  readonly metric: MeterMetricName
  readonly units: Readonly<Record<string, number>>
}

/** A sensor's ReadingType -> metric and the units it may come in, by UCUM code and as devices write it. The first is meant when it names none. */
export const SENSORS: ReadonlyMap<string, SensorRule> = new Map(
  Object.entries<SensorRule>({
    Power: { metric: 'power_watts', units: { W: 1, kW: KILO, mW: 0.001 } },
    EnergykWh: { metric: 'energy_joules_total', units: { 'kW.h': KWH, kWh: KWH } },
    EnergyWh: { metric: 'energy_joules_total', units: { 'W.h': 3600, Wh: 3600 } },
    EnergyJoules: { metric: 'energy_joules_total', units: { J: 1 } },
    Voltage: { metric: 'voltage_volts', units: { V: 1, mV: 0.001 } },
    Current: { metric: 'current_amperes', units: { A: 1, mA: 0.001 } },
    Frequency: { metric: 'frequency_hertz', units: { Hz: 1 } },
    Temperature: { metric: 'temperature_celsius', units: { Cel: 1, C: 1, '°C': 1 } },
    Humidity: { metric: 'humidity_ratio', units: { '%': PERCENT } },
    LiquidFlowLPM: { metric: 'flow_liters_per_minute', units: { 'L/min': 1, LPM: 1 } },
    LiquidFlow: { metric: 'flow_liters_per_minute', units: { 'L/s': 60, 'L/min': 1 } },
    Heat: { metric: 'heat_removed_watts', units: { kW: KILO, W: 1 } },
  }),
)

/** Some sensors name no type: units that only one metric has. */
export const TYPE_OF_UNIT: ReadonlyMap<string, string> = new Map(
  Object.entries({
    W: 'Power',
    kW: 'Power',
    'kW.h': 'EnergykWh',
    kWh: 'EnergykWh',
    J: 'EnergyJoules',
    V: 'Voltage',
    A: 'Current',
    Hz: 'Frequency',
    Cel: 'Temperature',
    C: 'Temperature',
    'L/min': 'LiquidFlowLPM',
  }),
)
