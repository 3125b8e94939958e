import type { ReportWords } from './figure.ts'
import type { ReportLanguage } from './format.ts'

/**
 * How reports leave: the role of reports makes mails and cards, alerting has the channels, their secrets and the hosts
 * that may be reached. The command line joins the two.
 */

/** A mail to one person, the same at each attempt. */
export interface ReportMail {
  readonly to: string
  readonly subject: string
  /** For programs that show no HTML. */
  readonly text: string
  readonly html: string
  readonly attachments: readonly {
    readonly fileName: string
    readonly mediaType: string
    readonly bytes: Uint8Array
  }[]
  /** The part of its Message-ID before the @, the same whenever it is sent. */
  readonly id: string
  /** As `id`, of the mail that it belongs to; null = it is the first. */
  readonly replyTo: string | null
}

/** A message for a chat: verdict, causes and where to read on. */
export interface ReportCard {
  /** The same at each attempt; webhooks know copies by it. */
  readonly id: string
  readonly week: string
  readonly revision: number
  readonly title: ReportWords
  readonly lines: { readonly en: readonly string[]; readonly zh: readonly string[] }
  readonly language: ReportLanguage
  readonly link: string
}

/** What became of one attempt; `detail` is for a person and holds no secret. */
export type PostOutcome =
  | { readonly kind: 'accepted'; readonly detail: string }
  /** Later again, at least after `waitMs`. */
  | { readonly kind: 'retry'; readonly detail: string; readonly waitMs: number | null }
  /** Never in this form. */
  | { readonly kind: 'final'; readonly detail: string }

/** A message's place among those that a channel takes now; held until `end`. */
export interface PostPlace {
  end(): void
}

/** Offers once, in a place that was taken for it. Neither rejects. */
export interface ReportPost {
  /** Null = the channel has no room now: its receiver takes so many messages a minute, those of alerts among them. */
  place(channel: string): PostPlace | null
  mail(mail: ReportMail, channel: string): Promise<PostOutcome>
  card(card: ReportCard, channel: string): Promise<PostOutcome>
}
