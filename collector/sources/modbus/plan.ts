import type { ModbusRange } from '../../field-io.ts'
import { wordsOf } from './decode.ts'
import type { MapPoint, RegisterMap } from './register-map.ts'

const BITS_MAX = 2000

/** One request and the points it is for. */
export interface PlannedRange {
  readonly range: ModbusRange
  readonly points: readonly MapPoint[]
  /** Whether it spans registers nobody asked for, which some devices refuse. */
  readonly hasGap: boolean
}

/** Where a run of a plan goes: its unit, and how many foreign registers it may span. */
export interface PlanOptions {
  readonly unitId: number
  readonly gap: number
}

/**
 * The requests for these points: neighbours share one, up to the device's limit of registers, and a value is never split. By
 * unit, function and address, so that a plan of the same points is always the same.
 */
export function planRanges(
  points: readonly MapPoint[],
  { maxRegisters }: Pick<RegisterMap, 'maxRegisters'>,
  { unitId, gap }: PlanOptions,
): PlannedRange[] {
  const unitOf = (point: MapPoint) => point.unitId ?? unitId
  const sorted = points.toSorted(
    (a, b) => unitOf(a) - unitOf(b) || a.function - b.function || a.address - b.address,
  )
  const planned: (Omit<PlannedRange, 'points'> & { readonly points: MapPoint[] })[] = []
  for (const point of sorted) {
    const last = planned.at(-1)
    const end = point.address + wordsOf(point.type)
    if (last !== undefined) {
      const { range } = last
      const isNear =
        range.unit === unitOf(point) &&
        range.function === point.function &&
        point.address - (range.address + range.count) <= gap
      const count = Math.max(range.address + range.count, end) - range.address
      if (isNear && count <= (point.function <= 2 ? BITS_MAX : maxRegisters)) {
        const hasGap = last.hasGap || point.address > range.address + range.count
        last.points.push(point)
        planned[planned.length - 1] = { ...last, range: { ...range, count }, hasGap }
        continue
      }
    }
    planned.push({
      range: {
        unit: unitOf(point),
        function: point.function,
        address: point.address,
        count: end - point.address,
      },
      points: [point],
      hasGap: false,
    })
  }
  return planned
}
