import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ChannelName } from '#schemas/alerts/channel-config.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Clock } from '#schemas/role.ts'
import type { Alerting } from '../alerts/alerting.ts'
import type { Append } from '../alerts/append.ts'
import { ackOfEvent, PagerDutyWebhook } from '../alerts/pagerduty-inbound.ts'
import { isSignedBy } from '../alerts/pagerduty-signature.ts'
import type { AlertsView } from '../alerts/view.ts'
import { answers } from './responses.ts'

/** An incident with its notes is some tens of kB. */
const BODY_BYTES_MAX = 256 * 1024

const InboundAnswer = z.strictObject({
  /** `ignored`: it changes nothing here, such as an incident of another service. */
  outcome: z.enum(['acknowledged', 'ended', 'ignored']),
})

export interface InboundDeps {
  readonly alerting: Alerting
  readonly alertsView: AlertsView
  readonly append: Append
  readonly clock: Clock
}

/** What receivers of messages tell back. Nobody is logged in: the signature says who it is from. */
export const inboundRoutes: FastifyPluginCallbackZod<{ deps: InboundDeps }> = (
  app,
  { deps },
  done,
) => {
  // Signed are the bytes as they came, not what a parser makes of them.
  app.removeContentTypeParser('application/json')
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: BODY_BYTES_MAX },
    (_request, body, parsed) => parsed(null, body),
  )
  app.post(
    '/inbound/pagerduty/:channel',
    {
      bodyLimit: BODY_BYTES_MAX,
      schema: {
        tags: ['alerts'],
        summary:
          'V3 webhook of PagerDuty: acknowledged, resolved or taken back there (docs/alerts-channels.md)',
        params: z.strictObject({ channel: ChannelName }),
        response: answers(InboundAnswer),
      },
    },
    async ({ params: { channel }, body, headers, ip }) => {
      const secrets = await deps.alerting.inboundSecrets(channel)
      if (secrets === null)
        throw new PlimsollError('E_NOT_FOUND', `no channel ${channel} takes webhooks of PagerDuty`)
      const given = headers['x-pagerduty-signature']
      const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
      if (!isSignedBy(secrets, bytes, typeof given === 'string' ? given : undefined))
        throw new PlimsollError('E_SIGNATURE_INVALID', 'the signature is not of this body')
      const outcome = await taken(deps, bytes, ip)
      return { outcome }
    },
  )
  done()
}

async function taken(
  { alerting, alertsView, append, clock }: InboundDeps,
  bytes: Buffer,
  address: string,
): Promise<z.infer<typeof InboundAnswer>['outcome']> {
  const webhook = PagerDutyWebhook.safeParse(jsonOf(bytes))
  // Pings and event types of later days: signed, and nothing for us.
  if (!webhook.success) return 'ignored'
  const now = await alertsView.current()
  const ack = ackOfEvent(webhook.data, {
    now,
    nowMs: clock(),
    holdsMs: alerting.acknowledgedForMs(),
  })
  if (ack === null) return 'ignored'
  const actor = { who: ack.who, role: '-', address }
  const told = { action: 'alert_ack', target: ack.group }
  await append(actor, { kind: 'alert_acks', acks: [ack] }, told)
  return ack.until_ms > ack.at_ms ? 'acknowledged' : 'ended'
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return null
  }
}
