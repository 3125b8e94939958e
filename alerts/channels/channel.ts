import type { Alert, Notification } from '#schemas/alerts/alert.ts'
import type { ChannelConfig, ChannelKind } from '#schemas/alerts/channel-config.ts'
import type { Person } from '#schemas/alerts/roster-config.ts'
import type { ReportCard } from '#schemas/report/post.ts'

/** Where a message leads. Each opens a page; none changes anything by being fetched. */
export interface MessageLinks {
  readonly chart: string
  readonly runbook: string | null
  /** Null where there is nothing to acknowledge or silence. */
  readonly ack: string | null
  readonly silence: string | null
}

/** What a channel makes a request of. The same at each attempt. */
export interface ChannelMessage {
  readonly notification: Notification
  /** As they stood when the message was queued. */
  readonly alerts: readonly Alert[]
  readonly language: 'en' | 'zh' | 'both'
  readonly links: MessageLinks
  /** Who is meant, where the channel knows how to name them. */
  readonly person: Person | null
  readonly timeZone: string
  readonly publicUrl: string
}

/** Where a request goes and what it is signed with; read anew for each attempt. */
export interface ChannelTarget {
  readonly url: string
  readonly secret: string
  readonly mail?: ChannelConfig['mail']
}

export interface HttpRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Serialised once: what is signed is what is sent. */
  readonly body: string
}

/** What a receiver said, its body cut to 64 kB. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
}

/** What an answer means. */
export type Verdict =
  | { readonly kind: 'accepted'; readonly detail: string; readonly receipt: string }
  /** Later again; with `waitMs` the whole channel keeps still for so long. */
  | { readonly kind: 'retry'; readonly detail: string; readonly waitMs: number | null }
  /** Never in this form; `isGone` = nor anything else to this address. */
  | { readonly kind: 'final'; readonly detail: string; readonly isGone: boolean }

/** One part of a message as the receiver's program shows it. */
export interface PreviewBlock {
  readonly kind: 'title' | 'text' | 'fields' | 'links'
  readonly text: string
  readonly colour?: 'red' | 'orange' | 'green' | 'grey' | 'blue'
}

/** A receiver that is reached by one POST. */
export interface HttpChannel {
  readonly kind: Exclude<ChannelKind, 'smtp'>
  /** The request of one attempt at `nowMs`. Throws an Error, in words for a person, when the secret has another form. */
  build(message: ChannelMessage, target: ChannelTarget, nowMs: number): HttpRequest
  /** The request of a report's card; absent = it takes none. Throws as `build` does. */
  buildReport?(card: ReportCard, target: ChannelTarget, nowMs: number): HttpRequest
  judge(answer: HttpAnswer): Verdict
  /** What its program would show of a request. */
  preview(request: HttpRequest): PreviewBlock[]
}

export const accepted = (receipt = ''): Verdict => ({
  kind: 'accepted',
  detail: 'accepted',
  receipt: receipt.slice(0, 256),
})
export const retry = (detail: string, waitMs: number | null = null): Verdict => ({
  kind: 'retry',
  detail: shortened(detail),
  waitMs,
})
export const final = (detail: string, isGone = false): Verdict => ({
  kind: 'final',
  detail: shortened(detail),
  isGone,
})

const shortened = (detail: string) => Array.from(detail).slice(0, 400).join('')

/** Longest pause a receiver can ask for: an hour. */
const WAIT_MAX_MS = 3_600_000

/** Retry-After in ms, as seconds or as a date; null without one that can be read. */
export function retryAfterMs(answer: HttpAnswer, nowMs: number): number | null {
  const said = answer.headers['retry-after']?.trim() ?? ''
  const ms = /^\d{1,9}$/.test(said) ? Number(said) * 1000 : Date.parse(said) - nowMs
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, WAIT_MAX_MS) : null
}

/**
 * What every HTTP answer means before its body is looked at; null = the status alone says accepted. `strict` = the
 * receiver means it when it says 4xx, so the same bytes are not offered again.
 */
export function judgeStatus(answer: HttpAnswer, strict: boolean): Verdict | null {
  const { status } = answer
  if (status >= 200 && status < 300) return null
  const wait = retryAfterMs(answer, Date.now())
  if (status === 410) return final('410: the receiver is gone for good', true)
  if (status === 429) return retry('429: too many messages', wait ?? 30_000)
  if (status >= 300 && status < 400)
    return retry(`${status}: the address redirects, which is never followed`)
  const said = answer.body.trim().slice(0, 160)
  const detail = said === '' ? `${status}` : `${status}: ${said}`
  if (strict && status >= 400 && status < 500 && status !== 408) return final(detail)
  return retry(detail, wait)
}

/** A field of a JSON object in a body, or undefined. */
export function fieldOf(body: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(body)
    if (typeof value !== 'object' || value === null) return undefined
    return Object.entries(value).find(([key]) => key === name)?.[1]
  } catch {
    return undefined
  }
}
