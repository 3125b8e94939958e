import type { Clock } from '#schemas/role.ts'
import { INCIDENT_MS, incidentAt } from './fleet/incident.ts'

export interface IncidentOptions {
  readonly clock: Clock
  /** Time after the fleet went live at which it plays by itself, once. */
  readonly delayMs: number
}

/** The incident of the demo in time; the API's DemoControl asks it, the fleet follows it. */
export interface Incident {
  /** Plays it now; while it plays already, nothing happens. */
  play(): void
  running(): boolean
  /** What happens right now, or null. */
  caption(): { readonly en: string; readonly zh: string } | null
  /** Start of the run under way or of the last one, epoch ms; null before the first. */
  startMs(): number | null
  /** The fleet is live from now on: counts down to the run that comes by itself. */
  arm(): void
}

/** No timers: what plays follows from the clock. */
export function createIncident({ clock, delayMs }: IncidentOptions): Incident {
  let startMs: number | null = null
  let dueMs: number | null = null
  const started = () => {
    const nowMs = clock()
    if (dueMs !== null && nowMs >= dueMs) {
      startMs = dueMs
      dueMs = null
    }
    return startMs
  }
  const sinceMs = () => {
    const atMs = started()
    return atMs === null ? -1 : clock() - atMs
  }
  const running = () => sinceMs() >= 0 && sinceMs() < INCIDENT_MS
  return {
    play() {
      if (running()) return
      startMs = clock()
      dueMs = null
    },
    running,
    caption: () => incidentAt(sinceMs()).caption,
    startMs: started,
    arm() {
      if (startMs === null) dueMs = clock() + delayMs
    },
  }
}
