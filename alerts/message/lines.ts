import type { Alert } from '#schemas/alerts/alert.ts'
import {
  clock,
  count,
  dollars,
  duration,
  FIRST_LINE_MAX,
  line,
  LINE_MAX,
  percent,
  TAGS,
} from './figures.ts'
import {
  type Language,
  type Lines,
  type MessageGroup,
  type MessageTime,
  worstFirst,
} from './group.ts'
import { fitted, known, others, placeOf, type Told, whatOf } from './parts.ts'
import { resolvedLines } from './resolved.ts'

/** Alerts of a digest that get a line of their own. */
const DIGEST_LINES = 6
/** Things named in a `Why:` line made of labels. */
const NAMED = 3

/**
 * The lines of a message in both languages: what with since when, cost and coverage, why, what to do. Links follow, added
 * by the channel. The first line has at most 110 characters; nothing in them is a word of our own machinery.
 */
export function renderLines(group: MessageGroup, time: MessageTime): Lines {
  return { en: linesOf(group, time, 'en'), zh: linesOf(group, time, 'zh') }
}

function linesOf(group: MessageGroup, time: MessageTime, language: Language): string[] {
  const alerts = worstFirst(group.alerts)
  const worst = group.head ?? alerts[0]
  const made =
    worst === undefined
      ? withoutAlert(group, language)
      : bodyOf({ group, alerts, worst, time, language })
  return made
    .filter((text) => text !== '')
    .map((text, index) => line(text, index === 0 ? FIRST_LINE_MAX : LINE_MAX))
}

function bodyOf(told: Told): string[] {
  const { group, alerts, worst, language } = told
  if (group.reason === 'digest') return digest(told)
  if (group.reason === 'resolved') return resolvedLines(told)
  if (group.reason === 'held') return held(told)
  return [
    firstLine(told),
    costAndCoverage(told),
    why(group, alerts, language),
    doing(group, worst, language),
  ]
}

/** `[PAGE] Fleet busy 58.4 %, under the 60 % line since 02:55 (15 min)`: the end is never cut, the middle is. */
function firstLine({ group, alerts, worst, time, language }: Told): string {
  const tag = `[${TAGS[group.severity][language]}] ${prefix(group, time, language)}`
  const at = clock(worst.since_ms, time, language)
  const held = duration(time.nowMs - worst.since_ms, language)
  const since = language === 'en' ? ` since ${at} (${held})` : `，自 ${at} 起（${held}）`
  return fitted(tag, whatOf(group, worst, language), `${since}${others(group, alerts, language)}`)
}

function prefix(group: MessageGroup, time: MessageTime, language: Language): string {
  const en = language === 'en'
  if (group.reason === 'drill') return en ? 'DRILL, nothing is wrong: ' : 'DRILL 演练，并无故障：'
  if (group.reason === 'repeat') return en ? 'Still: ' : '仍未恢复：'
  if (group.reason === 'worse') return en ? 'Worse: ' : '加重：'
  if (group.reason === 'more') return en ? 'More: ' : '新增：'
  if (group.reason !== 'escalation') return ''
  const silent = duration(time.nowMs - (group.toldMs ?? time.nowMs), language)
  return en ? `Nobody answered for ${silent}: ` : `${silent}无人确认：`
}

function costAndCoverage({ group, alerts, worst, language }: Told): string {
  const en = language === 'en'
  const usd = costPerHour(group, alerts)
  const against = group.ruleWords(worst.rule)?.against
  const parts: string[] = []
  if (usd === null) parts.push(en ? 'Cost not known.' : '损失未知。')
  else {
    const ref =
      against === undefined
        ? ''
        : en
          ? ` against ${percent(against)}`
          : `（对照 ${percent(against)}）`
    parts.push(en ? `Cost ${dollars(usd)}/h${ref}.` : `损失 ${dollars(usd)}/h${ref}。`)
  }
  parts.push(known(worst, language))
  return parts.filter((part) => part !== '').join(en ? ' ' : '')
}

/**
 * Dollars an hour of all that are named: added up, for they are different devices; of zones the largest, for a hall is
 * part of the fleet.
 */
function costPerHour(group: MessageGroup, alerts: readonly Alert[]): number | null {
  if (group.head) return group.head.reading.usd_per_hour
  let total: number | null = null
  for (const alert of alerts) {
    const usd = alert.reading.usd_per_hour
    if (usd === null) continue
    const isZone = group.ruleWords(alert.rule)?.isZone === true
    total = isZone ? Math.max(total ?? 0, usd) : (total ?? 0) + usd
  }
  return total
}

function why(group: MessageGroup, alerts: readonly Alert[], language: Language): string {
  const en = language === 'en'
  const more = group.more ?? 0
  const said = (group.head ?? alerts[0])?.reading.why?.[language] ?? ''
  const intro = en ? 'Why: ' : '原因：'
  if (said !== '') return `${intro}${said}`
  const places = [...new Set(alerts.map(placeOf).filter((place) => place !== ''))]
  if (alerts.length + more < 2 || places.length < 2)
    return `${intro}${en ? 'not known yet' : '尚不明确'}`
  const rest = alerts.length - Math.min(NAMED, places.length) + more
  const list = places.slice(0, NAMED).join(en ? ', ' : '、')
  if (rest <= 0) return `${intro}${en ? `not known yet; at ${list}` : `尚不明确；位于 ${list}`}`
  const tail = en ? ` and ${count(rest)} more` : ` 等，另有 ${count(rest)} 条`
  return `${intro}${en ? `not known yet; at ${list}` : `尚不明确；位于 ${list}`}${tail}`
}

function doing(group: MessageGroup, worst: Alert, language: Language): string {
  const said = worst.reading.doing?.[language] ?? ''
  const text = said === '' ? (group.ruleWords(worst.rule)?.action[language] ?? '') : said
  const intro = language === 'en' ? 'Do: ' : '处置：'
  if (text !== '') return `${intro}${text}`
  return `${intro}${language === 'en' ? 'see the runbook' : '见操作手册'}`
}

function held(told: Told): string[] {
  const { group, alerts, worst, time, language } = told
  const en = language === 'en'
  const at = clock(time.nowMs, time, language)
  const tail = en
    ? `: cannot be judged since ${at}${others(group, alerts, language)}`
    : `：自 ${at} 起无法判断${others(group, alerts, language)}`
  const because = worst.because?.[language] ?? ''
  const fallback = en ? 'too little of it is reporting' : '上报数据不足'
  return [
    fitted(en ? '[ON HOLD] ' : '[暂缓] ', whatOf(group, worst, language), tail),
    costAndCoverage(told),
    `${en ? 'Why: ' : '原因：'}${because === '' ? fallback : because}`,
    en
      ? 'Do: bring reporting back. Until then this is neither well nor over.'
      : '处置：先恢复上报。在此之前，既不能认为正常，也不能认为已结束。',
  ]
}

/** `[DIGEST] 37 alerts, $4,200/h together, worst first`, then one line each. */
function digest({ group, alerts, language }: Told): string[] {
  const en = language === 'en'
  const total = alerts.length + (group.more ?? 0)
  const usd = costPerHour(group, alerts)
  const cost = usd === null ? '' : en ? `, ${dollars(usd)}/h together` : `，合计 ${dollars(usd)}/h`
  const noun = total === 1 ? 'alert' : 'alerts'
  const shown = alerts.slice(0, DIGEST_LINES)
  const rest = total - shown.length
  const lines = shown.map((alert) => {
    const each = alert.reading.usd_per_hour
    const price = each === null ? '' : en ? `, ${dollars(each)}/h` : `，${dollars(each)}/h`
    return `[${TAGS[alert.severity][language]}] ${whatOf(group, alert, language)}${price}`
  })
  return [
    en
      ? `[DIGEST] ${count(total)} ${noun}${cost}, worst first`
      : `[汇总] ${count(total)} 条告警${cost}，最重在前`,
    ...lines,
    rest <= 0 ? '' : en ? `and ${count(rest)} more` : `另有 ${count(rest)} 条`,
  ]
}

/** A test of a channel, or a drill that borrows no alert. */
function withoutAlert(group: MessageGroup, language: Language): string[] {
  const en = language === 'en'
  if (group.reason === 'drill')
    return en
      ? [
          `[${TAGS[group.severity].en}] DRILL: nothing is wrong, this is an exercise`,
          'It costs nothing. It measures how soon a page is answered.',
          'Why: somebody started a drill',
          'Do: acknowledge this message, as you would at night',
        ]
      : [
          `[${TAGS[group.severity].zh}] DRILL 演练：并无故障`,
          '不产生损失，用于测量告警多久得到确认。',
          '原因：有人发起了演练',
          '处置：像深夜那样确认本消息',
        ]
  return en
    ? ['[TEST] Plimsoll reaches this channel', 'Nothing is wrong and nothing needs to be done.']
    : ['[测试] Plimsoll 可以发到此渠道', '并无故障，无需处理。']
}
