import type { AlertFacts } from '#schemas/alerts/ports.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import { type FacilityBook, facilityAt } from '#schemas/facility.ts'
import { isOnLoop } from '../facility/loop-places.ts'
import type { FleetDeps } from '../fleet.ts'
import { alertPlaces, alertStanding } from '../queries/alert-standing.ts'

/** Devices of one question; more are asked for in turn. */
const AT_ONCE = 5_000
const NODES_MAX = 50_000

/** Label values that are known; an empty one is no label. */
export function labelsFrom(fields: Readonly<Record<string, string>>): AlertLabels {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''))
}

type StandingDeps = Pick<FleetDeps, 'reader' | 'clock'> & {
  readonly documents: () => Promise<{ readonly facility: FacilityBook }>
}

/** Where devices stand and who holds them now; those the ledger does not count are not in it. The reader's errors. */
export async function standing(
  deps: StandingDeps,
  devices: readonly string[],
): ReturnType<AlertFacts['standing']> {
  const found = new Map<string, AlertLabels & { readonly job_devices?: string }>()
  const now_ms = deps.clock()
  const loopOf = await loopsAt(deps, now_ms)
  for (let at = 0; at < devices.length; at += AT_ONCE) {
    const rows = await alertStanding.run(deps.reader, {
      ids: devices.slice(at, at + AT_ONCE),
      now_ms,
    })
    for (const { id, job_devices, ...place } of rows) {
      const labels = {
        ...labelsFrom({ ...place, loop: loopOf(place.hall, place.rack) }),
        device: id,
      }
      found.set(id, job_devices > 0 ? { ...labels, job_devices: String(job_devices) } : labels)
    }
  }
  return found
}

/** Nodes of the ledger's devices as they stand now. The reader's errors. */
export async function placesNow(deps: StandingDeps): ReturnType<AlertFacts['places']> {
  const now_ms = deps.clock()
  const loopOf = await loopsAt(deps, now_ms)
  const rows = await alertPlaces.run(deps.reader, { now_ms, limit: NODES_MAX })
  return rows.map((row) => ({ ...row, loop: loopOf(row.hall, row.rack) }))
}

async function loopsAt(deps: StandingDeps, nowMs: number) {
  const { loops } = facilityAt((await deps.documents()).facility, nowMs)
  return memoized((hall, rack) => loops.find((row) => isOnLoop(row, { hall, rack }))?.loop ?? '')
}

/** A rack is asked for once, however many of its devices are. */
function memoized(find: (hall: string, rack: string) => string) {
  const known = new Map<string, string>()
  return (hall: string, rack: string): string => {
    const key = JSON.stringify([hall, rack])
    const found = known.get(key) ?? find(hall, rack)
    known.set(key, found)
    return found
  }
}
