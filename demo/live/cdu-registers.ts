import { join } from 'node:path'
import type { MeterMetricValues } from '#schemas/meter-metrics.ts'
import { createMapStore } from '../../collector/sources/modbus/load-map.ts'
import {
  simulateRegisters,
  type SimulatedWord,
  valueKey,
} from '../../collector/sources/modbus/simulate.ts'
import type { UnitState } from '../facility/cooling.ts'
import { unitReadings } from '../facility/readings.ts'
import type { Weather } from '../facility/weather.ts'

/** File of the register map, for the section of the source. */
export const CDU_MAP_PATH = join(import.meta.dirname, 'demo-cdu.yaml')
/** Its name within. */
export const CDU_MAP = 'demo-cdu'

/** What a cooling unit holds in its registers; `own` is its electric meter. */
export type CduRegisters = (
  state: UnitState,
  weather: Weather,
  own: MeterMetricValues,
) => readonly SimulatedWord[]

/** Reads the register map. Throws when the file has a mistake. */
export function cduRegisters(): CduRegisters {
  const { value: map, mistakes } = createMapStore().read(CDU_MAP_PATH)
  if (map === null) throw new Error(mistakes.join('\n'))
  return (state, weather, own) => {
    const values = new Map<string, number>()
    const { name } = state.unit
    for (const { meter, metrics } of [
      { meter: name, metrics: own },
      ...unitReadings(state, weather),
    ])
      for (const point of map.points) {
        const value = metrics[point.metric]
        const id = point.point === '' ? name : `${name}/${point.point}`
        if (id === meter && value !== null && value !== undefined)
          values.set(valueKey(point), value)
      }
    return simulateRegisters(map, values)
  }
}
