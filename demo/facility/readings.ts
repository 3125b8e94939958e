import { LEAK_STATES, type MeterMetricValues, PUMP_STATES } from '#schemas/meter-metrics.ts'
import type { SideState, UnitState } from './cooling.ts'
import type { FacilityMoment, FacilityModel } from './model.ts'
import type { SimHall } from './site.ts'
import { roomName, WEATHER } from './tree.ts'
import type { Weather } from './weather.ts'

/** What one point of the site shows at a moment. */
export interface PointReading {
  readonly meter: string
  readonly metrics: MeterMetricValues
}

/** The room is held; its dew point follows the air outside a little. */
const ROOM_CELSIUS = 24.5
const DETECTORS = 2

/** Weather station. */
export const weatherReading = (weather: Weather): PointReading => ({
  meter: WEATHER,
  metrics: {
    temperature_celsius: tenths(weather.dryBulbCelsius),
    wet_bulb_celsius: tenths(weather.wetBulbCelsius),
    dew_point_celsius: tenths(weather.dewPointCelsius),
    humidity_ratio: thousandths(weather.humidityRatio),
  },
})

export const roomDewPoint = ({ dewPointCelsius }: Weather): number =>
  tenths(0.7 * dewPointCelsius + 2.5)

export const roomReading = (hall: SimHall, weather: Weather): PointReading => ({
  meter: roomName(hall),
  metrics: { temperature_celsius: ROOM_CELSIUS, dew_point_celsius: roomDewPoint(weather) },
})

/** Points of a cooling unit without its own power, named as its source names them. */
export function unitReadings(state: UnitState, weather: Weather): PointReading[] {
  const { unit, primary, secondary, pumps } = state
  const at = (point: string, metrics: MeterMetricValues): PointReading => ({
    meter: `${unit.name}/${point}`,
    metrics,
  })
  const valve = unit.protocol === 'model' ? { valve_position_ratio: state.valveRatio } : {}
  return [
    { meter: unit.name, metrics: { dew_point_celsius: roomDewPoint(weather) } },
    at('primary', { ...sideMetrics(primary, state.heatWatts), ...valve }),
    at('secondary', sideMetrics(secondary, state.heatWatts)),
    ...pumps.map(({ state: code, speed, hours }, index) =>
      at(`pump/${index + 1}`, {
        pump_state: PUMP_STATES.indexOf(code),
        pump_speed_ratio: thousandths(speed),
        pump_hours_total: hours,
      }),
    ),
    ...Array.from({ length: DETECTORS }, (_, index) =>
      at(`leak/${index + 1}`, { leak_state: LEAK_STATES.indexOf('ok') }),
    ),
    at('reservoir/1', { reservoir_level_ratio: thousandths(state.reservoirRatio) }),
    ...(unit.protocol === 'model'
      ? [at('filter/1', { filter_pressure_drop_pascals: Math.round(state.filterPascals) })]
      : []),
  ]
}

const sideMetrics = (side: SideState, heatWatts: number): MeterMetricValues => ({
  supply_temperature_celsius: hundredths(side.supplyCelsius),
  return_temperature_celsius: hundredths(side.returnCelsius),
  flow_liters_per_minute: tenths(side.litersPerMinute),
  rated_flow_liters_per_minute: side.ratedLitersPerMinute,
  supply_pressure_pascals: Math.round(side.supplyPascals),
  return_pressure_pascals: Math.round(side.returnPascals),
  heat_removed_watts: Math.round(heatWatts),
})

/** Everything that measures no energy. */
export function sensorReadings(facility: FacilityModel, moment: FacilityMoment): PointReading[] {
  const { weather, units } = moment
  return [
    weatherReading(weather),
    ...facility.site.halls.map((hall) => roomReading(hall, weather)),
    ...units.flatMap((unit) => unitReadings(unit, weather)),
  ]
}

/** Every meter of energy. */
export const energyReadings = (facility: FacilityModel): PointReading[] =>
  facility.meters.map((meter) => ({ meter, metrics: facility.reading(meter) }))

const tenths = (value: number) => Math.round(value * 10) / 10
const hundredths = (value: number) => Math.round(value * 100) / 100
const thousandths = (value: number) => Math.round(value * 1000) / 1000
