import type { Silence } from './alert.ts'
import { ALERT_LABELS, type AlertLabels } from './severity.ts'

/** Devices of a scope that will do no work in [fromMs, toMs). */
export interface PlannedOutage {
  /** `drain`: a state that was entered for later; `maintenance`: a maintenance window. */
  readonly kind: 'drain' | 'maintenance'
  /** The reason of the drain as entered, or the comment of the window. */
  readonly name: string
  readonly devices: number
  readonly fromMs: number
  /** Null = end not known. */
  readonly toMs: number | null
}

/** A maintenance window about a whole place. */
export interface PlannedWindow {
  readonly name: string
  readonly place: AlertLabels
  readonly fromMs: number
  readonly toMs: number
}

/** What a window may name to be about all devices of a place, and not about one kind of alert. */
const PLACES: ReadonlySet<string> = new Set(['cluster', 'hall', 'rack', 'pool', 'node', 'model'])
const LABELS: ReadonlySet<string> = new Set(ALERT_LABELS)
const isLabel = (name: string): name is keyof AlertLabels => LABELS.has(name)

/**
 * Maintenance windows that begin after `nowMs` and are about whole places. A window about a rule, or by a pattern, says
 * nothing of devices that stop; nor does one that has begun: its devices are out of the figures already.
 */
export function plannedWindows(silences: Iterable<Silence>, nowMs: number): PlannedWindow[] {
  const windows: PlannedWindow[] = []
  for (const { kind, matchers, from_ms: fromMs, to_ms: toMs, comment } of silences) {
    if (kind !== 'maintenance' || fromMs <= nowMs) continue
    const place: AlertLabels = {}
    let isPlace = true
    for (const { label, value, is_regex: isRegex, is_equal: isEqual } of matchers) {
      if (isRegex || !isEqual || !PLACES.has(label) || !isLabel(label)) isPlace = false
      else place[label] = value
    }
    if (isPlace) windows.push({ name: comment.slice(0, 128), place, fromMs, toMs })
  }
  return windows
}
