import type { Alert, Matcher, Silence, Suppression } from '#schemas/alerts/alert.ts'
import type { Rule } from '#schemas/alerts/rule.ts'
import { type AlertLabels, TOPOLOGY_LEVELS, type TopologyLevel } from '#schemas/alerts/severity.ts'
import { silencePattern } from '#schemas/alerts/silence-pattern.ts'
import { compareSeverity } from '../severity-rank.ts'

/** A narrower alert that fired this long before a wider one is not explained by it. */
const BEFORE_MS = 10 * 60_000

const depth = (level: TopologyLevel) => TOPOLOGY_LEVELS.indexOf(level)
/** Levels that are labels of alerts; `pipeline` is none. */
const PLACES = ['site', 'hall', 'loop', 'rack', 'node', 'device'] as const

/** Whether a silence's matcher fits; `rule` is a label of every alert here. A broken pattern fits nothing. */
export function matches(matcher: Matcher, alert: Pick<Alert, 'rule' | 'labels'>): boolean {
  const { label, value, is_regex: isRegex, is_equal: isEqual } = matcher
  const labels: Readonly<Record<string, string | undefined>> = { ...alert.labels, rule: alert.rule }
  const found = Object.hasOwn(labels, label) ? (labels[label] ?? '') : ''
  if (!isRegex) return (found === value) === isEqual
  const pattern = silencePattern(value)
  return pattern !== null && pattern.test(found) === isEqual
}

/** What a rule's alerts explain of narrower ones. */
export const explainsOf = ({ explains, lane, level }: Rule): 'all' | 'absence' | 'none' => {
  if (explains !== undefined) return explains
  if (level === 'pipeline') return 'absence'
  return lane === 'event' ? 'all' : 'none'
}

interface Wider {
  readonly alert: Alert
  readonly level: TopologyLevel
  readonly explains: 'all' | 'absence'
}

/** Silences in force, and alerts that explain others. */
export interface Quiet {
  readonly silences: readonly Silence[]
  /** By level, then by `place=value` of that level; '' where the alert names none: it stands for all. */
  readonly wider: ReadonlyMap<string, readonly Wider[]>
}

/** What may keep people from being told at `nowMs`, of all alerts that fire. */
export function quietOf(
  alerts: Iterable<Alert>,
  silences: Iterable<Silence>,
  ruleOf: (name: string) => Rule | null,
  nowMs: number,
): Quiet {
  const wider = new Map<string, Wider[]>()
  for (const alert of alerts) {
    if (alert.state !== 'firing' || alert.mode === 'observing') continue
    const rule = ruleOf(alert.rule)
    if (rule === null || rule.level === 'device') continue
    const explains = explainsOf(rule)
    if (explains === 'none') continue
    const key = placeKey(rule.level, alert.labels)
    // A rule of racks whose alert names no rack says nothing of any rack.
    if (key === null) continue
    const there = wider.get(key)
    const one: Wider = { alert, level: rule.level, explains }
    if (there === undefined) wider.set(key, [one])
    else there.push(one)
  }
  const inForce = [...silences].filter(({ from_ms, to_ms }) => from_ms <= nowMs && nowMs < to_ms)
  return { silences: inForce, wider }
}

function placeKey(level: TopologyLevel, labels: AlertLabels): string | null {
  if (level === 'pipeline') return 'pipeline'
  const place = labels[level]
  if (place !== undefined) return `${level}=${place}`
  return level === 'site' ? 'site' : null
}

/** Why nobody is told of this alert now, or null. Urgent ones are explained by nothing; silences hold for all. */
export function suppressionOf(quiet: Quiet, alert: Alert, rule: Rule): Suppression | null {
  for (const silence of quiet.silences)
    if (silence.matchers.every((matcher) => matches(matcher, alert)))
      return { kind: silence.kind, by: silence.id }
  if (rule.urgent) return null
  for (const wider of widerThan(quiet, alert, rule.level)) {
    if (!isExplained(wider, alert)) continue
    return { kind: 'inhibited', by: wider.alert.fingerprint }
  }
  return null
}

function* widerThan(quiet: Quiet, alert: Alert, level: TopologyLevel): Iterable<Wider> {
  if (level === 'pipeline') return
  yield* quiet.wider.get('pipeline') ?? []
  if (level !== 'site') yield* quiet.wider.get('site') ?? []
  for (const place of PLACES) {
    if (depth(place) >= depth(level)) return
    const value = alert.labels[place]
    if (value !== undefined) yield* quiet.wider.get(`${place}=${value}`) ?? []
  }
}

function isExplained({ alert: wider, explains }: Wider, alert: Alert): boolean {
  // Our own lag explains that something is not known. It says nothing of what is known to be wrong.
  const isAbsence = alert.state === 'held' || alert.severity === 'data'
  if (explains === 'absence') return isAbsence
  if (!isAbsence && compareSeverity(alert.severity, wider.severity) > 0) return false
  const firedMs = alert.fired_ms ?? alert.since_ms
  return firedMs >= (wider.fired_ms ?? wider.since_ms) - BEFORE_MS
}
