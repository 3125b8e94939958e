import { z } from 'zod'
import { type ChannelConfig, ChannelName, MailAddress } from '#schemas/alerts/channel-config.ts'
import { TimeOfDay, WEEKDAYS } from '#schemas/alerts/roster-config.ts'
import { ReportFormatName, ReportLanguage } from './format.ts'
import { RECIPIENTS_MAX } from './issued.ts'

/**
 * Who gets the reports and when: the section `reports` of the alerting file, because its channels, their secrets and the
 * hosts that may be reached are there.
 */

/** Kinds of channels that take a report's card. The others open incidents. */
export const CARD_KINDS = ['slack', 'feishu', 'dingtalk', 'wecom', 'webhook'] as const

/** One who gets reports: a mail address, or a channel of the file. */
export const ReportRecipient = z.strictObject({
  mail: MailAddress.optional(),
  channel: ChannelName.optional(),
  /** Absent = the channel's language, of a mail the file's. */
  language: ReportLanguage.optional(),
  /** Files attached to a mail; the page itself is the mail's text. Absent = pdf. */
  attach: z.array(ReportFormatName).max(5).optional(),
})
export type ReportRecipient = z.infer<typeof ReportRecipient>

export const ReportsConfig = z.strictObject({
  /** When the last whole week is sent, by the site's clock; a month on its first day at the same time. */
  schedule: z
    .strictObject({ day: z.enum(WEEKDAYS).default('mon'), at: TimeOfDay.default('08:07') })
    .prefault({}),
  /** Hours that late data has to arrive after the period's end. */
  wait_hours: z.int().min(2).max(72).default(6),
  /** Months are sent too. */
  monthly: z.boolean().default(false),
  /** A revision goes to those who got the one before; else only where somebody sends it. */
  send_revisions: z.boolean().default(false),
  /** Channels that are warned when a report has not reached everybody; absent = as the routes have it. */
  owner: z.array(ChannelName).max(8).default([]),
  /** The channel of kind smtp whose relay, login and sender mails use; absent = the first one. */
  mail_channel: ChannelName.optional(),
  recipients: z.array(ReportRecipient).max(RECIPIENTS_MAX).default([]),
})
export type ReportsConfig = z.infer<typeof ReportsConfig>

/** The channel that mails go through, or undefined. */
export const mailChannelOf = (
  channels: readonly ChannelConfig[],
  reports: Pick<ReportsConfig, 'mail_channel'>,
): ChannelConfig | undefined =>
  channels.find(({ name, kind }) =>
    reports.mail_channel === undefined ? kind === 'smtp' : name === reports.mail_channel,
  )

/** A mistake of the section: the path below `reports` it is at, and what. */
export interface ReportsMistake {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** What is wrong with the section beyond the form of its keys. */
export function reportsMistakes(
  reports: ReportsConfig,
  channels: readonly ChannelConfig[],
): ReportsMistake[] {
  const mistakes: ReportsMistake[] = []
  const add = (path: ReportsMistake['path'], message: string) => mistakes.push({ path, message })
  const kinds = new Map(channels.map(({ name, kind }) => [name, kind]))
  for (const [index, name] of reports.owner.entries())
    if (!kinds.has(name)) add(['owner', index], `there is no channel "${name}"`)
  const { mail_channel: mailChannel } = reports
  if (mailChannel !== undefined && kinds.get(mailChannel) !== 'smtp')
    add(['mail_channel'], `there is no channel "${mailChannel}" of kind smtp`)
  const hasRelay = mailChannelOf(channels, reports) !== undefined
  const seen = new Set<string>()
  for (const [index, recipient] of reports.recipients.entries()) {
    const at = ['recipients', index] as const
    const { mail, channel } = recipient
    if ((mail === undefined) === (channel === undefined)) {
      add(at, 'say one of mail and channel')
      continue
    }
    const id = recipientId(recipient)
    if (seen.has(id)) add(at, `${id} is there twice`)
    seen.add(id)
    if (mail !== undefined && !hasRelay)
      add([...at, 'mail'], 'a mail needs a channel of kind smtp: its relay sends it')
    if (channel === undefined) continue
    const kind = kinds.get(channel)
    if (kind === undefined) add([...at, 'channel'], `there is no channel "${channel}"`)
    else if (!isCardKind(kind))
      add(
        [...at, 'channel'],
        `"${channel}" is ${kind}: reports go to ${CARD_KINDS.join(', ')}, and to people by mail`,
      )
    if (recipient.attach !== undefined) add([...at, 'attach'], 'only mails have attachments')
  }
  return mistakes
}

const isCardKind = (kind: string) => CARD_KINDS.some((one) => one === kind)

/** The recipient's name in the journal and the API: `mail:name@site.example`, `chat:<channel>`. */
export const recipientId = ({ mail, channel }: ReportRecipient): string =>
  mail === undefined ? `chat:${channel ?? ''}` : `mail:${mail.toLowerCase()}`
