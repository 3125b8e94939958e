import type { AlertSeverity } from '#schemas/alerts/severity.ts'
import type { Language, MessageTime } from './group.ts'

/** Most characters of a first line: what a locked phone shows. */
export const FIRST_LINE_MAX = 110
/** Most characters of any other line. */
export const LINE_MAX = 400

/** What a message begins with. */
export const TAGS: Readonly<Record<AlertSeverity, Readonly<Record<Language, string>>>> = {
  page: { en: 'PAGE', zh: '紧急' },
  warn: { en: 'WARN', zh: '预警' },
  ticket: { en: 'TICKET', zh: '工单' },
  data: { en: 'DATA', zh: '数据' },
}

/** `$16,600`; under 100 dollars with cents as needed. */
export function dollars(usd: number): string {
  const digits = Math.abs(usd) < 100 && !Number.isInteger(usd) ? 2 : 0
  return `$${usd.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })}`
}

/** `49,611`. */
export const count = (n: number) => n.toLocaleString('en-US', { maximumFractionDigits: 0 })

/** `75 %`, `58.4 %`: one decimal unless it is none. */
export const percent = (ratio: number) => `${Number((ratio * 100).toFixed(1))} %`

/** `15 min`, `2 h 5 min`, `3 d 4 h`; what took under a minute is `under 1 min`. */
export function duration(ms: number, language: Language): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000)
  const [m, h, d] = language === 'en' ? [' min', ' h', ' d'] : [' 分钟', ' 小时', ' 天']
  if (minutes === 0) return language === 'en' ? 'under 1 min' : '不到 1 分钟'
  if (minutes < 60) return `${minutes}${m}`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours}${h}` : `${hours}${h} ${minutes % 60}${m}`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 ? `${days}${d}` : `${days}${d} ${hours % 24}${h}`
}

const formats = new Map<string, Intl.DateTimeFormat>()
function format(key: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const known = formats.get(key)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', options)
  formats.set(key, made)
  return made
}

/** Time of day by the site's clock; with the day, `22 Nov 02:55`, when it is not today. */
export function clock(atMs: number, time: MessageTime, language: Language): string {
  const { timeZone, nowMs } = time
  const day = format(`day ${timeZone}`, {
    timeZone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  })
  const hour = format(`hour ${timeZone}`, { timeZone, hour: '2-digit', minute: '2-digit' })
  const at = hour.format(atMs)
  if (day.format(atMs) === day.format(nowMs)) return at
  const parts = format(`date ${timeZone}`, { timeZone, day: 'numeric', month: 'short' })
  if (language === 'en') return `${parts.format(atMs)} ${at}`
  const [dayOfMonth = '', month = ''] = day.format(atMs).split('/')
  return `${Number(month)} 月 ${Number(dayOfMonth)} 日 ${at}`
}

/** One line without what breaks lines or reverses them, at most `most` characters (code points). */
export function line(text: string, most: number): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]+/gu, ' ').trim()
  const letters = Array.from(plain)
  return letters.length <= most
    ? plain
    : `${letters
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
}

/** A sentence: with its full stop, unless it ends with one. */
export function sentence(text: string, language: Language): string {
  const trimmed = text.trim()
  if (trimmed === '' || /[.!?…。！？]$/u.test(trimmed)) return trimmed
  return `${trimmed}${language === 'en' ? '.' : '。'}`
}
