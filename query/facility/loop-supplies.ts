import { type FacilityBook, facilityAt } from '#schemas/facility.ts'
import type { Reader } from '#schemas/ports.ts'
import { loopSupplies } from '../queries/facility-loops.ts'
import type { TimeWindow } from '../window.ts'
import { meanOf } from './loop-heat.ts'
import { isOnLoop } from './loop-places.ts'

/** The supply temperature of the loop that a rack hangs on; null = it hangs on none, or nothing was heard of it. */
export type SupplyOf = (place: { readonly hall: string; readonly rack: string }) => number | null

/** What sides and their circuits are called (schemas/meter-id.ts); a unit without sides speaks itself. */
const SECONDARY = ['', '/secondary', '/secondary/1', '/secondary/2', '/secondary/3', '/secondary/4']

/** Mean supply temperatures of loops over a window, weighed by flow. Rejects with the reader's errors. */
export async function readSupplies(
  reader: Reader,
  { fromMs, toMs }: TimeWindow,
  facility: FacilityBook,
): Promise<SupplyOf> {
  const { loops } = facilityAt(facility, toMs)
  const cooling = loops.filter(({ racks, units }) => racks.length > 0 && units.length > 0)
  if (cooling.length === 0) return () => null
  const meters = cooling.flatMap(({ units }) =>
    units.flatMap((unit) => SECONDARY.map((side) => `${unit}${side}`)),
  )
  const rows = await loopSupplies.run(reader, { from_ms: fromMs, to_ms: toMs, meters })
  const told = new Map(rows.map((row) => [row.meter_name, row]))
  const known = cooling.map((loop) => {
    const sides = loop.units.flatMap((unit) =>
      SECONDARY.flatMap((side) => told.get(`${unit}${side}`) ?? []),
    )
    const parts = sides.map(({ celsius, flow }) => ({ value: celsius, weight: flow }))
    return { loop, celsius: meanOf(parts) }
  })
  return (place) => known.find(({ loop }) => isOnLoop(loop, place))?.celsius ?? null
}
