import { METER_UNITS } from '../../formats/meter-units.ts'
import { encodeWords, ordered } from './decode.ts'
import type { MapPoint, RegisterMap } from './register-map.ts'

/** One register (or bit) of a simulated device. */
export interface SimulatedWord {
  readonly unit: number
  readonly function: MapPoint['function']
  readonly address: number
  readonly value: number
}

/** What a simulated device measures: `<point> <metric>` -> value in our units. What is not there is marked invalid or left 0. */
export type SimulatedValues = ReadonlyMap<string, number>

/** The key of a value of a simulated device. */
export const valueKey = ({ point, metric }: Pick<MapPoint, 'point' | 'metric'>) =>
  `${point} ${metric}`

/** The registers of a device of this map that measures these values. */
export function simulateRegisters(map: RegisterMap, values: SimulatedValues): SimulatedWord[] {
  return map.points.flatMap((point) => {
    const value = values.get(valueKey(point))
    const words = ordered(
      value === undefined ? blankOf(point) : wordsFor(point, value),
      point.order,
    )
    return words.map((word, at) => ({
      unit: point.unitId ?? map.unitId,
      function: point.function,
      address: point.address + at,
      value: word,
    }))
  })
}

function blankOf(point: MapPoint): number[] {
  const [marker] = point.invalid
  if (marker === undefined) return encodeWords(0, point.type, point.bits)
  return (marker.match(/.{4}/g) ?? []).map((digits) => Number.parseInt(digits, 16))
}

function wordsFor(point: MapPoint, value: number): number[] {
  const { type, scale, offset, bits } = point
  if (point.states !== null) {
    const native = [...point.states].find(([, code]) => code === value)?.[0] ?? 0
    return encodeWords(native, type, bits)
  }
  const unit: { readonly factor: number; readonly offset?: number } = METER_UNITS[point.unit]
  const raw = (value / unit.factor - (unit.offset ?? 0) - offset) / scale
  return encodeWords(type.startsWith('float') ? raw : Math.round(raw), type, bits)
}
