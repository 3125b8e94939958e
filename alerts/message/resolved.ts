import type { Alert } from '#schemas/alerts/alert.ts'
import type { AlertLabels } from '#schemas/alerts/severity.ts'
import { BECAUSE } from '../engine/evaluation.ts'
import {
  clock,
  count,
  dollars,
  duration,
  FIRST_LINE_MAX,
  line,
  percent,
  sentence,
} from './figures.ts'
import { fitted, others, placeOf, type Told, whatOf } from './parts.ts'

/** Least room of a place before its first line. */
const PLACE_MIN = 8
/** Where alerts of one message may stand together, from the narrowest on. */
const SHARED = ['node', 'rack', 'loop', 'job', 'hall', 'meter', 'tenant', 'cluster'] as const

/**
 * `[OK] Fleet busy 64.1 % at 03:52. 57 min under the line, $15,800.` / `Restored by: …`: the first line says what is true
 * now. An alert that ended without anybody knowing that (its object is gone, nothing more was reported) is `[ENDED]` and
 * says what it was.
 */
export function resolvedLines(given: Told): string[] {
  // Those of a place that speaks for many are counted with it.
  const told = given.alerts.length === 0 ? { ...given, alerts: [given.worst] } : given
  const { group, worst, language } = told
  const en = language === 'en'
  const isZone = group.ruleWords(worst.rule)?.isZone === true
  const isWell = told.alerts.every((alert) => saysWell(alert, isZone))
  const because = worst.because?.[language] ?? ''
  const restored =
    isZone && isWell ? (en ? 'Restored by: ' : '恢复原因：') : en ? 'Ended by: ' : '结束原因：'
  return [
    isZone && isWell ? zoneLine(told) : isWell ? wellLine(told) : endedLine(told),
    because === '' ? '' : `${restored}${because}`,
    // The devices an alert was about are no news once it is over; how much is known of them is.
    worst.reading.known === null ? '' : sentence(worst.reading.known[language], language),
  ]
}

/** Ends that are no word about how things are. */
const SAYS_NOTHING = new Set<string>(
  [BECAUSE.gone, BECAUSE.ruleGone, BECAUSE.quiet, BECAUSE.dataAgain].map(({ en }) => en),
)

function saysWell({ because }: Alert, isZone: boolean): boolean {
  if (because === null || because.en === BECAUSE.closed.en) return true
  // What restored a zone is its reason to have ended.
  return isZone && !SAYS_NOTHING.has(because.en)
}

function zoneLine(told: Told): string {
  const { group, alerts, worst, language } = told
  const en = language === 'en'
  const rest = others(group, alerts, language)
  const lasted = duration(endOf(told) - sinceOf(told), language)
  const usd = Math.max(...alerts.map(({ cost_usd }) => cost_usd))
  const kept = en ? `${lasted} under the line` : `低于警戒线 ${lasted}`
  return fitted(
    en ? '[OK] ' : '[恢复] ',
    whatOf(group, worst, language),
    en
      ? ` at ${atOf(told)}${rest}. ${kept}${costOf(usd, told)}.`
      : `，${atOf(told)}${rest}。${kept}${costOf(usd, told)}。`,
  )
}

/** `[OK] r-07: Heat slows no device of the rack at 03:52. Lasted 12 min, $80.`: of a long place the end is cut. */
function wellLine(told: Told): string {
  const { group, worst, language } = told
  const en = language === 'en'
  const words = group.ruleWords(worst.rule)?.resolved?.[language]
  if (words === undefined) return endedLine(told)
  const { value } = worst.reading
  if (words.includes('{percent}') && value === null) return endedLine(told)
  const text = words.replace('{percent}', percent(value ?? 0))
  const now = `${text}${en ? ' at ' : '，'}${atOf(told)}${en ? '.' : '。'}${lastedOf(told)}`
  const tag = en ? '[OK] ' : '[恢复] '
  const place = sharedPlace(told)
  if (place === '') return `${tag}${now}`
  const room = FIRST_LINE_MAX - Array.from(`${tag}${now}`).length - 2
  return `${tag}${line(place, Math.max(PLACE_MIN, room))}${en ? ': ' : '：'}${now}`
}

/** `[ENDED] Device lost, n-0042, at 03:52. Lasted 12 min.` */
function endedLine(told: Told): string {
  const { group, worst, language } = told
  const en = language === 'en'
  return fitted(
    en ? '[ENDED] ' : '[结束] ',
    whatOf(group, worst, language),
    `${en ? ', at ' : '，'}${atOf(told)}${en ? '.' : '。'}${lastedOf(told)}`,
  )
}

/** ` Lasted 57 min, $15,800.`; of several ` 8 alerts, 57 min, $15,800.` */
function lastedOf(told: Told): string {
  const { group, alerts, language } = told
  const en = language === 'en'
  const all = alerts.length + (group.more ?? 0)
  const lasted = duration(endOf(told) - sinceOf(told), language)
  const usd = group.head
    ? group.head.cost_usd
    : alerts.reduce((sum, { cost_usd }) => sum + cost_usd, 0)
  const cost = costOf(usd, told)
  if (all > 1)
    return en
      ? ` ${count(all)} alerts, ${lasted}${cost}.`
      : `共 ${count(all)} 条，历时 ${lasted}${cost}。`
  return en ? ` Lasted ${lasted}${cost}.` : `历时 ${lasted}${cost}。`
}

const costOf = (usd: number, { language }: Told) =>
  usd <= 0 ? '' : language === 'en' ? `, ${dollars(usd)}` : `，损失 ${dollars(usd)}`

const sinceOf = ({ alerts }: Told) => Math.min(...alerts.map(({ since_ms }) => since_ms))
const endOf = ({ alerts, time }: Told) =>
  Math.max(...alerts.map(({ resolved_ms }) => resolved_ms ?? time.nowMs))
const atOf = (told: Told) => clock(endOf(told), told.time, told.language)

/** The narrowest place or owner that all have in common. */
function sharedPlace({ alerts, worst }: Told): string {
  if (alerts.length === 1) return placeOf(worst)
  const isShared = (name: keyof AlertLabels) =>
    alerts.every(({ labels }) => labels[name] === worst.labels[name])
  const name = SHARED.find((one) => worst.labels[one] !== undefined && isShared(one))
  return name === undefined ? '' : (worst.labels[name] ?? '')
}
