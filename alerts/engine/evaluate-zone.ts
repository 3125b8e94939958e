import type { Alert } from '#schemas/alerts/alert.ts'
import type { ZoneRule } from '#schemas/alerts/rule.ts'
import type { AlertLabels, Words } from '#schemas/alerts/severity.ts'
import type { ZoneSet } from '#schemas/alerts/zone-set.ts'
import type { ZoneLine } from '#schemas/alerts/zone-levels.ts'
import type { ZoneOutcome } from '../zones/evaluate.ts'
import { scopeHead, zoneLabels, zoneReading, zoneSeverity } from '../zones/reading.ts'
import { ppmOf, shortMinutes } from '../zones/slices.ts'
import type { WhoToTell } from '../zones/who.ts'
import { BECAUSE, heldAlert, isOpen, openAlert, resolvedAlert } from './evaluation.ts'
import { fingerprintOf } from './fingerprint.ts'

const SLICE_HOURS = 5 / 60

/** One scope of a zone set after its newest closed slice. */
export interface ZoneInput {
  readonly set: ZoneSet
  readonly scope: AlertLabels
  readonly outcome: ZoneOutcome
  readonly usdPerHour: number | null
  /** Asked where the zone would page; null = not asked. */
  readonly who: WhoToTell | null
  /** What brought it back, asked where an alert of it ends; null = not asked, or nobody can say. */
  readonly restored: Words | null
}

export const zoneFingerprint = (rule: string, { set, scope }: Pick<ZoneInput, 'set' | 'scope'>) =>
  fingerprintOf(rule, zoneLabels(set, scope))

/** The zones of all scopes as alerts. Scopes that are no longer there end; those without an answer stay as they were. */
export function evaluateZones(
  rule: ZoneRule,
  inputs: readonly ZoneInput[],
  alerts: ReadonlyMap<string, Alert>,
  options: { readonly timeZone: string; readonly isWhole: boolean },
): Alert[] {
  const seen = new Set<string>()
  const next = inputs.flatMap((input) => {
    const fingerprint = zoneFingerprint(rule.name, input)
    seen.add(fingerprint)
    const found = alerts.get(fingerprint)
    const alert = found !== undefined && isOpen(found) ? found : null
    return afterSlice(rule, fingerprint, alert, { ...input, timeZone: options.timeZone }) ?? []
  })
  if (!options.isWhole) return next
  const gone = [...alerts.values()].filter((one) => isOpen(one) && !seen.has(one.fingerprint))
  return [...next, ...gone.map((one) => heldAlert(one, BECAUSE.noData))]
}

function afterSlice(
  rule: ZoneRule,
  fingerprint: string,
  alert: Alert | null,
  input: ZoneInput & { readonly timeZone: string },
): Alert | null {
  const { set, scope, outcome, usdPerHour, who, timeZone } = input
  const { atMs } = outcome
  const asked = zoneSeverity(set, outcome, timeZone)
  const reading = zoneReading(set, { scope, outcome, usdPerHour, who })
  const sliceUsd = Math.max(0, usdPerHour ?? 0) * SLICE_HOURS
  const cost = (alert?.cost_usd ?? 0) + (alert?.state === 'firing' ? sliceUsd : 0)
  const isOver = asked === null || hasLeftDanger(alert, outcome)
  if (isOver) {
    if (alert === null) return null
    const now = { ...reading, what: scopeHead(set, scope, reading.value) }
    return resolvedAlert({ ...alert, reading: now, cost_usd: cost }, atMs, input.restored)
  }
  // Once somebody was woken for it, it stays a page until the danger is over.
  const wasPage = alert?.severity === 'page'
  const severity = asked === 'page' && !wasPage && who !== null ? who.severity : asked
  if (alert === null) {
    const isHeld = outcome.state === 'held'
    const opened = outcome.zone === null ? atMs : (outcome.open[outcome.zone]?.sinceMs ?? atMs)
    const opening = openAlert({
      fingerprint,
      rule: rule.name,
      labels: zoneLabels(set, scope),
      reading,
      atMs,
      state: 'firing',
      severity: isHeld ? 'data' : severity,
      sinceMs: Math.min(opened, atMs),
    })
    return isHeld ? opening : { ...opening, cost_usd: costSince(outcome, outcome.zone, usdPerHour) }
  }
  if (outcome.state === 'held')
    return alert.severity === 'data'
      ? { ...alert, reading }
      : heldAlert({ ...alert, reading }, BECAUSE.noData)
  // Evaluated once a slice. What a wider line cost before belongs to that line: a page counts from its own.
  const isNewPage = severity === 'page' && !wasPage
  const cost_usd = isNewPage ? costSince(outcome, 'danger', usdPerHour) : cost
  const since_ms = isNewPage ? (outcome.open.danger?.sinceMs ?? alert.since_ms) : alert.since_ms
  const kept = {
    why: reading.why ?? alert.reading.why,
    doing: reading.doing ?? alert.reading.doing,
  }
  return {
    ...alert,
    state: 'firing',
    severity,
    because: null,
    since_ms,
    cost_usd,
    reading: { ...reading, ...kept },
  }
}

/**
 * What an open line has cost since it holds, this slice and those before it: at what the shortfall of this slice costs.
 * A line is open only after some slices; they are paid for, too. 0 where the price is not known.
 */
function costSince(outcome: ZoneOutcome, name: ZoneLine | null, usdPerHour: number | null): number {
  const { levels, slice } = outcome
  if (levels === null || name === null) return 0
  const now = shortMinutes(slice, ppmOf(levels.ticket))
  const all = outcome.open[name]?.shortMinutes ?? 0
  return now === 0 ? 0 : Math.max(0, usdPerHour ?? 0) * SLICE_HOURS * (all / now)
}

/**
 * Whether a page has come to its end: who was woken is told that the danger is over, whatever wider line the scope is
 * still under; that one is an alert of its own from the next slice on.
 */
export const hasLeftDanger = (
  alert: Pick<Alert, 'severity' | 'state'> | null,
  outcome: Pick<ZoneOutcome, 'open' | 'state'>,
): boolean =>
  alert !== null &&
  isOpen(alert) &&
  alert.severity === 'page' &&
  outcome.state !== 'held' &&
  outcome.open.danger === undefined
