import type { RosterOverride } from '#schemas/alerts/alert.ts'
import type { AlertsConfig } from '#schemas/alerts/config.ts'
import { nextOnCall, onCallAt } from './rotation.ts'

/** A step whose time has come, with the person it names ('' = nobody known). */
export interface DueStep {
  readonly step: number
  readonly channels: readonly string[]
  readonly person: string
}

/**
 * The next step of a page that nobody acknowledged, or null. One at a time: a process that was away does not ring everybody
 * at once.
 */
export function dueEscalation(
  told: {
    /** When it was told first. */
    readonly firstMs: number
    /** Steps taken so far. */
    readonly steps: number
    readonly isAcknowledged: boolean
  },
  config: AlertsConfig,
  now: { readonly nowMs: number; readonly overrides: Iterable<RosterOverride> },
): DueStep | null {
  const step = config.escalation[told.steps]
  if (step === undefined || told.isAcknowledged) return null
  if (now.nowMs < told.firstMs + step.after * 1000) return null
  return {
    step: told.steps,
    channels: step.channels,
    person: personOf(step.person, config, now),
  }
}

function personOf(
  person: string,
  config: AlertsConfig,
  { nowMs, overrides }: { readonly nowMs: number; readonly overrides: Iterable<RosterOverride> },
): string {
  if (person !== 'on_call' && person !== 'next') return person
  const at = { atMs: nowMs, timeZone: config.time_zone }
  const onCall = onCallAt(config.roster, overrides, at)
  if (person === 'on_call') return onCall?.person ?? ''
  return nextOnCall(config.roster, onCall, at) ?? onCall?.person ?? ''
}
