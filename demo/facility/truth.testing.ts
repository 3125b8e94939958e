import type { FleetTick } from '../fleet/state.ts'
import type { FacilityModel } from './model.ts'

const BUCKET_MS = 900_000

/** What really flowed through each meter, bucket by bucket, from the generator itself and not from what it shows. */
export interface Truth {
  /** Told of each tick after the model was. */
  note(tick: Pick<FleetTick, 'atMs'>): void
  /** Joules through a meter in the quarter of an hour that begins then; null where it was not seen whole. */
  truthOf(meter: string, bucketMs: number): number | null
}

export function createTruth(facility: FacilityModel): Truth {
  const edges = new Map<number, ReadonlyMap<string, number>>()
  return {
    note({ atMs }) {
      if (atMs % BUCKET_MS !== 0 || edges.has(atMs)) return
      const counters = facility.meters.map(
        (meter) => [meter, facility.exact(meter).joules] as const,
      )
      edges.set(atMs, new Map(counters))
    },
    truthOf(meter, bucketMs) {
      const from = edges.get(bucketMs)?.get(meter)
      const to = edges.get(bucketMs + BUCKET_MS)?.get(meter)
      return from === undefined || to === undefined ? null : to - from
    },
  }
}
