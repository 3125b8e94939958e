import type { Alert } from '#schemas/alerts/alert.ts'
import { count, FIRST_LINE_MAX, line, percent, sentence } from './figures.ts'
import type { Language, MessageGroup, MessageTime } from './group.ts'

/** What the lines of one language are made of. */
export interface Told {
  readonly group: MessageGroup
  /** Worst first. */
  readonly alerts: readonly Alert[]
  readonly worst: Alert
  readonly time: MessageTime
  readonly language: Language
}

/** What comes before and after is never cut, the middle is. */
export function fitted(before: string, what: string, after: string): string {
  const room = FIRST_LINE_MAX - Array.from(before).length - Array.from(after).length
  return `${before}${line(what, Math.max(20, room))}${after}`
}

/** How many alerts there are beside the one that is named. */
export function others(group: MessageGroup, alerts: readonly Alert[], language: Language): string {
  // Its own words say how many there are.
  if (group.head) return ''
  const rest = alerts.length - 1 + (group.more ?? 0)
  if (rest <= 0) return ''
  return language === 'en' ? `, ${count(rest)} more` : `，另有 ${count(rest)} 条`
}

/** What is wrong; without words of its own, the rule's title and where. */
export function whatOf(group: MessageGroup, alert: Alert, language: Language): string {
  const own = alert.reading.what?.[language] ?? ''
  if (own !== '') return own.replace(/[.。]$/u, '')
  const title = group.ruleWords(alert.rule)?.title[language] ?? alert.rule.replaceAll('_', ' ')
  const where = placeOf(alert)
  return where === '' ? title : `${title}${language === 'en' ? ', ' : '，'}${where}`
}

/** The narrowest place or owner an alert names: `rack-07`, `job 884213`. */
export function placeOf(alert: Alert): string {
  const { labels } = alert
  if (labels.node !== undefined) return labels.node
  if (labels.rack !== undefined) return labels.rack
  if (labels.loop !== undefined) return labels.loop
  if (labels.job !== undefined) return labels.job
  const { hall, meter, tenant, collector, cluster, shard, rule } = labels
  return hall ?? meter ?? tenant ?? collector ?? cluster ?? shard ?? rule ?? ''
}

/** How much of it is known. */
export function known(alert: Alert, language: Language): string {
  const { known: said, coverage, devices } = alert.reading
  if (said !== null && said[language] !== '') return sentence(said[language], language)
  const en = language === 'en'
  if (coverage !== null)
    return en ? `${percent(coverage)} of it is reporting.` : `覆盖率 ${percent(coverage)}。`
  if (devices === null) return ''
  return en
    ? `${count(devices)} ${devices === 1 ? 'device' : 'devices'}.`
    : `${count(devices)} 台设备。`
}
