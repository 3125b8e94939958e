import type { AlertsConfig } from '#schemas/alerts/config.ts'
import { mailChannelOf, recipientId } from '#schemas/report/delivery-config.ts'
import type { ReportFormatName, ReportLanguage } from '#schemas/report/format.ts'

/** One who gets reports, with what the file leaves open filled in. */
export interface Recipient {
  /** `mail:name@site.example`, `chat:<channel>`. */
  readonly id: string
  /** Address of a mail; null = a card in a chat. */
  readonly mail: string | null
  /** Whose relay sends the mail, or the chat itself. */
  readonly channel: string
  readonly language: ReportLanguage
  /** Attached to a mail; a card has none. */
  readonly attach: readonly ReportFormatName[]
}

/** Recipients of the alerting file in its order. */
export function recipientsOf(config: AlertsConfig): readonly Recipient[] {
  const { reports, channels, language } = config
  const relay = mailChannelOf(channels, reports)
  return reports.recipients.map((given) => {
    const { mail, channel: name = '' } = given
    const channel = mail === undefined ? channels.find((one) => one.name === name) : relay
    return {
      id: recipientId(given),
      mail: mail ?? null,
      channel: channel?.name ?? name,
      language: given.language ?? (mail === undefined ? channel?.language : undefined) ?? language,
      attach: mail === undefined ? [] : [...new Set(given.attach ?? ['pdf' as const])],
    }
  })
}
