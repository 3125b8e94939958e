import { readFile } from 'node:fs/promises'
import type { ChannelConfig } from '#schemas/alerts/channel-config.ts'
import type { AllowedHost } from '#schemas/alerts/config.ts'
import type { Mail, RelayAnswer } from '../channels/smtp.ts'
import { pinnedAddresses, type Resolve } from './address.ts'
import { TIMEOUT_MS } from './post.ts'

/** How a mail reaches its relay. */
export interface RelayRoute {
  /** `smtp://host:port` or `smtps://host:port`. */
  readonly url: string
  readonly entry: AllowedHost | null
  readonly user: string | undefined
  readonly password: string
  readonly starttls: NonNullable<ChannelConfig['mail']>['starttls']
  readonly caFile?: string | undefined
}

/** Hands a mail to a relay and says what it replied. Never rejects for what a relay says, only for what we cannot do. */
export type SendMail = (mail: Mail, route: RelayRoute) => Promise<RelayAnswer>

/** The real SendMail: one connection a mail, to an address that was checked, its certificate to the name. */
export function createSendMail(resolve: Resolve): SendMail {
  return async (mail, route) => {
    const url = new URL(route.url)
    const isTls = url.protocol === 'smtps:'
    const [pinned] = await pinnedAddresses(url.hostname, route.entry, resolve)
    if (pinned === undefined) throw new Error(`${url.hostname} has no address`)
    const ca = route.caFile === undefined ? undefined : await readFile(route.caFile, 'utf8')
    const { createTransport } = await import('nodemailer')
    const transport = createTransport({
      host: pinned.address,
      port: url.port === '' ? (isTls ? 465 : 587) : Number(url.port),
      secure: isTls,
      requireTLS: route.starttls === 'required',
      ignoreTLS: route.starttls === 'off',
      tls: { servername: url.hostname, ...(ca === undefined ? {} : { ca }) },
      connectionTimeout: TIMEOUT_MS,
      greetingTimeout: TIMEOUT_MS,
      socketTimeout: TIMEOUT_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(route.user === undefined ? {} : { auth: { user: route.user, pass: route.password } }),
    })
    try {
      const sent = await transport.sendMail({
        from: mail.from,
        to: [...mail.to],
        subject: mail.subject,
        text: mail.text,
        ...(mail.html === undefined ? {} : { html: mail.html }),
        attachments: (mail.attachments ?? []).map(({ fileName, mediaType, bytes }) => ({
          filename: fileName,
          contentType: mediaType,
          content: Buffer.from(bytes),
        })),
        messageId: mail.headers['message-id'] ?? '',
        headers: Object.fromEntries(
          Object.entries(mail.headers).filter(([name]) => name !== 'message-id'),
        ),
      })
      return {
        code: replyCode(sent.response) ?? 250,
        reply: sent.response,
        takenFor: sent.accepted.length,
        refused: sent.rejected.map(String),
      }
    } catch (error) {
      return refusalOf(error)
    } finally {
      transport.close()
    }
  }
}

const replyCode = (reply: string) => {
  const code = /^(\d{3})\b/.exec(reply)?.[1]
  return code === undefined ? null : Number(code)
}

/** What the relay said in an error of the library: its reply code, or 0 when it said nothing. */
function refusalOf(error: unknown): RelayAnswer {
  const reply = error instanceof Error ? error.message : String(error)
  const said =
    typeof error === 'object' && error !== null && 'responseCode' in error ? error.responseCode : 0
  // A relay without encryption may get it; the mail waits.
  const isTls =
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ETLS'
  const code = typeof said === 'number' && !isTls ? said : 0
  return { code, reply: reply.slice(0, 300), takenFor: 0, refused: [] }
}
