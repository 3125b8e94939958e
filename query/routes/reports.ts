import type { FastifyRequest } from 'fastify'
import type { FastifyPluginCallbackZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ReportIssued, ReportQuery, ReportsAnswer } from '#schemas/api-reports.ts'
import { ReportId } from '#schemas/report/model.ts'
import type { Reports } from '#schemas/report/service.ts'
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
  readonly guard: Guard
  readonly audit: Audit
  readonly timeZone: string
  readonly simulated: boolean
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
      ...read,
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
      onRequest: guard.require('operate'),
      schema: {
        tags,
        summary: 'Issue a report: freeze its figures, or add a revision where they changed since',
        params: Week,
        response: answers(ReportIssued),
      },
    },
    (request) => issue(request, request.params.week, deps),
  )
  done()
}

async function issue(
  request: FastifyRequest,
  target: string,
  { reports, guard, audit }: ReportRouteDeps,
): Promise<ReportIssued> {
  const person = await guard.identify(request)
  const who = person?.name ?? 'loopback'
  const note = (outcome: 'done' | 'failed') =>
    audit.record({
      who,
      role: person?.role ?? '-',
      address: request.ip,
      action: 'report',
      target,
      outcome,
    })
  try {
    const { model, isNew } = await reports.issue(target, who)
    await note('done')
    return { week: model.week, revision: model.revision, is_new: isNew }
  } catch (error) {
    await note('failed')
    throw error
  }
}
