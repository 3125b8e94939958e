import type { Person } from '#schemas/alerts/roster-config.ts'
import { MENTIONS, type OverrideItem, type RosterAnswer } from '#schemas/api-roster.ts'
import type { Alerting } from './alerting.ts'
import { WEEK_MS } from './items.ts'
import type { AlertsNow } from './view.ts'

const OVERRIDES_SHOWN = 1_000

/** Who is on call, who comes next, and what people entered instead. */
export function rosterOf(
  alerting: Alerting,
  { state, log }: AlertsNow,
  nowMs: number,
): Omit<RosterAnswer, 'simulated'> {
  const { config, path, lineOf, warnings } = alerting.file()
  const { roster, escalation, time_zone } = config
  const { shifts, next } = alerting.onCall(nowMs, state.overrides.values())
  const overrides = [...state.overrides.values()]
    .filter(({ to_ms }) => to_ms >= nowMs - WEEK_MS)
    .map((one): OverrideItem => ({ ...one, who: log.overrides.get(one.id)?.who ?? '' }))
  overrides.sort(
    (a, b) => Number(b.to_ms > nowMs) - Number(a.to_ms > nowMs) || a.from_ms - b.from_ms,
  )
  return {
    at_ms: nowMs,
    time_zone,
    file: path,
    line: lineOf('roster'),
    shifts: [...shifts],
    next,
    people: roster.people.map((person) => ({ name: person.name, mentions: mentionsOf(person) })),
    rotation: roster.rotation ?? null,
    escalation,
    overrides: overrides.slice(0, OVERRIDES_SHOWN),
    warnings: warnings.filter(({ code }) => code === 'nobody_on_call' || code === 'no_ringing'),
  }
}

const mentionsOf = (person: Person): RosterAnswer['people'][number]['mentions'] =>
  MENTIONS.filter((kind) =>
    kind === 'pagerduty'
      ? person.pagerduty_key_env !== undefined || person.pagerduty_key_file !== undefined
      : person[kind] !== undefined,
  )
