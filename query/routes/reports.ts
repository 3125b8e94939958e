import { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  ReportDeliveries,
  ReportIssued,
  ReportQuery,
  ReportsAnswer,
  ReportSendAnswer,
  ReportSendRequest,
} from '#schemas/api-reports.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { ReportId } from '#schemas/report/model.ts'
import type { Reports, ReportSends } from '#schemas/report/service.ts'
import type { Audit } from '../access/audit.ts'
import type { Guard } from '../access/guard.ts'
import { answers } from './responses.ts'

const tags = ['reports']
const Week = z.strictObject({
  week: z
    .union([z.literal('latest'), ReportId])
    .describe('2026-W47, 2026-11, 2026-11-03..2026-11-09 or latest'),
})

export interface ReportRouteDeps {
  readonly reports: Reports
  /** Null = nothing can be sent from here. */
  readonly sends: ReportSends | null
  readonly guard: Guard
  readonly audit: Audit
  readonly timeZone: string
  readonly simulated: boolean
}

/**
 * How long a caller may wait for a report. It says nothing before it is whole, and on a loaded machine that is longer than
 * the server keeps other silent connections. The server's own limit holds again from the connection's next request on.
 */
export const REPORT_WAIT_MS = 600_000

async function waitForIt({ raw: { socket } }: FastifyRequest): Promise<void> {
  if (socket instanceof Socket) socket.setTimeout(REPORT_WAIT_MS)
}

/** A report is a page of its own: it runs no script, loads nothing, and is framed only by the page of reports. */
const REPORT_CSP =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"

/** Reports: what was issued, each in its formats, and drafts of any period. */
export const reportRoutes: FastifyPluginCallbackZod<{ deps: ReportRouteDeps }> = (
  app,
  { deps },
  done,
) => {
  const { reports, guard } = deps
  const read = { onRequest: guard.require('read') }
  app.get(
    '/reports',
    {
      ...read,
      schema: {
        tags,
        summary: 'Reports that were issued, newest first',
        response: answers(ReportsAnswer),
      },
    },
    async () => {
      const { timeZone: time_zone, simulated } = deps
      const listed = await reports.list()
      const formats = [...reports.formats]
      return { ...reports.weeks(), time_zone, formats, reports: [...listed], simulated }
    },
  )
  app.get(
    '/reports/:week',
    {
      onRequest: [guard.require('read'), waitForIt],
      schema: {
        tags,
        summary: 'One report as JSON or as a file: the newest issued revision, else a draft',
        params: Week,
        querystring: ReportQuery,
      },
    },
    async ({ params: { week }, query: { format, lang, revision } }, reply) => {
      const question = { week, revision: revision ?? null }
      const { bytes, mediaType, fileName } = await reports.write(question, {
        format,
        language: lang,
      })
      const isShown = format === 'json' || format === 'html' || format === 'pdf'
      return reply
        .header('content-security-policy', REPORT_CSP)
        .header('x-frame-options', 'SAMEORIGIN')
        .header(
          'content-disposition',
          `${isShown ? 'inline' : 'attachment'}; filename="${fileName}"`,
        )
        .type(mediaType)
        .send(Buffer.from(bytes))
    },
  )
  app.post(
    '/reports/:week',
    {
      onRequest: [guard.require('operate'), waitForIt],
      schema: {
        tags,
        summary: 'Issue a report: freeze its figures, or add a revision where they changed since',
        params: Week,
        response: answers(ReportIssued),
      },
    },
    (request) =>
      audited(request, { action: 'report', target: request.params.week }, deps, async (who) => {
        const { model, isNew } = await reports.issue(request.params.week, who)
        return { week: model.week, revision: model.revision, is_new: isNew }
      }),
  )
  sendRoutes(app, deps)
  done()
}

type App = Parameters<typeof reportRoutes>[0]

function sendRoutes(app: App, deps: ReportRouteDeps): void {
  const { guard, simulated } = deps
  app.get(
    '/reports/deliveries',
    {
      onRequest: guard.require('read'),
      schema: {
        tags,
        summary: 'Who gets reports, what is due, and who got what',
        response: answers(ReportDeliveries),
      },
    },
    async () => ({ ...(await sendsOf(deps).deliveries()), simulated }),
  )
  app.post(
    '/reports/:week/send',
    {
      onRequest: guard.require('operate'),
      schema: {
        tags,
        summary: 'Send a report now, once to each recipient of the alerting file',
        params: Week,
        body: ReportSendRequest.nullish(),
        response: { ...answers(ReportSendAnswer), 202: ReportSendAnswer },
      },
    },
    async (request, reply) => {
      const asked = request.body ?? ReportSendRequest.parse({})
      const { week } = request.params
      const target = [week, ...(asked.again ? ['again'] : []), ...(asked.recipients ?? [])].join(
        ' ',
      )
      const told = { action: 'report_send', target }
      const answer = await audited(request, told, deps, (who) =>
        sendsOf(deps).send(week, asked, who),
      )
      const isSent = answer.results.some(({ result }) => result === 'queued')
      return reply.status(isSent ? 202 : 200).send(answer)
    },
  )
}

function sendsOf({ sends }: ReportRouteDeps): ReportSends {
  if (sends !== null) return sends
  throw new PlimsollError(
    'E_JOURNAL_AWAY',
    'this query service has no journal: start it with --nats as ingest is',
  )
}

/** Does something under the name of who asks, with a line of audit however it ends. */
async function audited<T>(
  request: FastifyRequest,
  told: { readonly action: string; readonly target: string },
  { guard, audit }: Pick<ReportRouteDeps, 'guard' | 'audit'>,
  work: (who: string) => Promise<T>,
): Promise<T> {
  const person = await guard.identify(request)
  const who = person?.name ?? 'loopback'
  const note = (outcome: 'done' | 'failed') =>
    audit.record({ who, role: person?.role ?? '-', address: request.ip, ...told, outcome })
  try {
    const done = await work(who)
    await note('done')
    return done
  } catch (error) {
    await note('failed')
    throw error
  }
}
