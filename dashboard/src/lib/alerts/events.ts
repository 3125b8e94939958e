import type { TimelineEntry } from '#schemas/api-alerts.ts'
import { decimal, duration, type Lang } from '#lib/format.ts'
import type { AlertTexts } from '#lib/i18n/en-alerts.ts'

/** What happened to an alert, as people read it: used by the timeline on screen and by its export. */

export interface EventText {
  readonly what: string
  /** Further sentences; may be empty. */
  readonly details: readonly string[]
  /** How it looks: an alert that began, one that ended, a message that failed. */
  readonly tone: 'bad' | 'good' | 'failed' | 'plain'
}

export interface EventWords {
  readonly m: AlertTexts
  readonly lang: Lang
  /** A moment of the site, as short as it can be. */
  readonly time: (ms: number) => string
}

export function eventText(entry: TimelineEntry, words: EventWords): EventText {
  if (entry.kind === 'state') return stateText(entry, words)
  if (entry.kind === 'told') return toldText(entry, words)
  const { m, time } = words
  const what =
    entry.kind === 'ack'
      ? m.events.ack(entry.who, time(entry.until_ms))
      : m.events.silence(entry.who, time(entry.to_ms))
  return { what, details: entry.comment === '' ? [] : [entry.comment], tone: 'plain' }
}

function stateText(
  entry: Extract<TimelineEntry, { kind: 'state' }>,
  { m, lang }: EventWords,
): EventText {
  const { from, to, severity, mode, suppressed } = entry
  const name = m.severities[severity]
  const details: string[] = []
  if (entry.because !== null && entry.because[lang] !== '') details.push(entry.because[lang])
  if (to === 'resolved') return { what: m.events.resolved, details, tone: 'good' }
  if (suppressed !== null)
    return {
      what: m.events.quiet,
      details: [m.events.quietBy[suppressed.kind], ...details],
      tone: 'plain',
    }
  if (to === 'pending') return { what: m.events.began, details, tone: 'plain' }
  if (to === 'held') return { what: m.events.held, details, tone: 'plain' }
  if (mode === 'observing') details.unshift(m.events.observed)
  const what =
    from === 'held'
      ? m.events.again
      : from === 'firing'
        ? m.events.worse(name)
        : m.events.firing(name)
  return { what, details, tone: mode === 'observing' ? 'plain' : 'bad' }
}

function toldText(
  entry: Extract<TimelineEntry, { kind: 'told' }>,
  { m, lang }: EventWords,
): EventText {
  const { channel, mention, outcome, attempts, outcome_ms, at_ms, detail } = entry
  const state = [m.events.reasons[entry.reason], m.events.outcomes[outcome]]
  if (outcome === 'accepted' && outcome_ms !== null)
    state.push(m.events.after(duration(Math.max(0, outcome_ms - at_ms), lang)))
  if (attempts > 1) state.push(m.events.attempts(decimal(attempts, lang)))
  const isBad = outcome === 'dead' || outcome === 'failed'
  return {
    what:
      outcome === 'dead'
        ? m.events.untold(channel)
        : mention === ''
          ? m.events.told(channel)
          : m.events.toldWho(channel, mention),
    details: [entry.line[lang], state.join(' · '), ...(isBad && detail !== '' ? [detail] : [])],
    tone: isBad ? 'failed' : 'plain',
  }
}
