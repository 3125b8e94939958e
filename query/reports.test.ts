import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import {
  ReportDeliveries,
  ReportIssued,
  ReportsAnswer,
  ReportSendAnswer,
} from '#schemas/api-reports.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Reports, ReportSends } from '#schemas/report/service.ts'
import { exampleReport } from '../report/example.testing.ts'
import { testApp, type TestApp } from './access/access.testing.ts'

const opened: TestApp[] = []
afterEach(async () => {
  for (const built of opened.splice(0)) await built.app.close()
})

const headers = { host: 'localhost:8440' }
const asked: unknown[] = []
const LINE = {
  week: '2026-W47',
  revision: 1,
  from_ms: 0,
  to_ms: 1,
  definition: '2026.1',
  utilization: 0.71,
  coverage: 1,
  issued_ms: 2,
  issued_by: 'ann',
  because: 'issued',
  sha256: 'e'.repeat(64),
}

/** Reports that are there already: what they are made of is tested where they are made. */
const stub: Reports = {
  formats: ['json', 'csv'],
  weeks: () => ({ latest: '2026-W47', running: '2026-W48' }),
  list: () => Promise.resolve([LINE]),
  model: () => Promise.resolve(exampleReport()),
  write(question, how) {
    asked.push({ ...question, ...how })
    if (question.week === '2027-W53') throw new PlimsollError('E_REPORT_PERIOD', 'no such week')
    const isJson = how.format === 'json'
    return Promise.resolve({
      bytes: Buffer.from(isJson ? '{"week":1}' : 'PK'),
      mediaType: isJson ? 'application/json; charset=utf-8' : 'application/zip',
      fileName: `plimsoll.${how.format}`,
    })
  },
  issue: () => Promise.resolve({ model: exampleReport(), isNew: true }),
}

const orders: unknown[] = []
/** Everybody has it, unless it is wanted again. */
const sends: ReportSends = {
  nextMs: () => null,
  deliveries: () =>
    Promise.resolve({
      at_ms: 1,
      time_zone: 'UTC',
      schedule: { day: 'mon', at: '08:07', monthly: false },
      next_ms: null,
      recipients: [],
      due: [],
      missed: ['2026-W46'],
      deliveries: [],
    }),
  send(week, asked, who) {
    orders.push([week, asked, who])
    if (asked.recipients?.includes('mail:x@y') === true)
      return Promise.reject(new PlimsollError('E_REPORT_RECIPIENT', 'not one of them'))
    const result = asked.again ? 'queued' : 'has_it'
    const results = [{ recipient: 'chat:ops', result, accepted_ms: 5 } as const]
    return Promise.resolve({ week: '2026-W47', revision: 1, results })
  },
}

async function site() {
  const built = await testApp({ reports: () => ({ reports: stub, sends }) })
  opened.push(built)
  return built
}

describe('reports in the API', () => {
  it('are listed with the formats there are', async () => {
    const { app } = await site()
    const answer = await app.inject({ url: '/api/v1/reports', headers })
    expect(ReportsAnswer.parse(answer.json())).toMatchObject({
      latest: '2026-W47',
      formats: ['json', 'csv'],
      reports: [LINE],
    })
  })

  it('are given as they were written, with a name, and may run nothing', async () => {
    const { app } = await site()
    const json = await app.inject({ url: '/api/v1/reports/latest', headers })
    expect([json.body, json.headers['content-type']]).toEqual([
      '{"week":1}',
      'application/json; charset=utf-8',
    ])
    const url = '/api/v1/reports/2026-11-03..2026-11-09?format=csv&lang=both&revision=2'
    const csv = await app.inject({ url, headers })
    expect(csv.headers).toMatchObject({
      'content-type': 'application/zip',
      'content-disposition': 'attachment; filename="plimsoll.csv"',
      'content-security-policy': expect.stringContaining("frame-ancestors 'self'; sandbox"),
      'x-frame-options': 'SAMEORIGIN',
    })
    expect(asked).toEqual([
      { week: 'latest', revision: null, format: 'json', language: 'en' },
      { week: '2026-11-03..2026-11-09', revision: 2, format: 'csv', language: 'both' },
    ])
  })

  it.each([
    ['/api/v1/reports/week-47', 400, 'E_BAD_REQUEST'],
    ['/api/v1/reports/latest?format=doc', 400, 'E_BAD_REQUEST'],
    ['/api/v1/reports/latest?lang=fr', 400, 'E_BAD_REQUEST'],
    ['/api/v1/reports/latest?revision=-1', 400, 'E_BAD_REQUEST'],
    ['/api/v1/reports/2027-W53', 400, 'E_REPORT_PERIOD'],
  ])('%s is refused with %i %s', async (url, status, code) => {
    const { app } = await site()
    const answer = await app.inject({ url, headers })
    expect([answer.statusCode, answer.json().error.code]).toEqual([status, code])
  })

  it('are issued by name, with a line of audit', async () => {
    const { app, auditPath } = await site()
    const answer = await app.inject({ method: 'POST', url: '/api/v1/reports/2026-W47', headers })
    expect(ReportIssued.parse(answer.json())).toEqual({
      week: '2026-W47',
      revision: 1,
      is_new: true,
    })
    expect(await readFile(auditPath, 'utf8')).toContain(
      '"action":"report","target":"2026-W47","outcome":"done"',
    )
  })

  it('are sent by name: 202 where something goes out, 200 where everybody has it', async () => {
    const { app, auditPath } = await site()
    const send = (payload?: object) =>
      app.inject({
        method: 'POST',
        url: '/api/v1/reports/latest/send',
        headers,
        ...(payload === undefined ? {} : { payload }),
      })
    const none = await send()
    const again = await send({ again: true, recipients: ['chat:ops'] })
    expect([none.statusCode, again.statusCode]).toEqual([200, 202])
    expect(ReportSendAnswer.parse(again.json()).results[0]?.result).toBe('queued')
    const unknown = await send({ recipients: ['mail:x@y'] })
    expect([unknown.statusCode, unknown.json().error.code]).toEqual([404, 'E_REPORT_RECIPIENT'])
    expect((await send({ recipients: ['x@y'] })).statusCode).toBe(400)
    expect(orders).toEqual([
      ['latest', { again: false }, 'local'],
      ['latest', { again: true, recipients: ['chat:ops'] }, 'local'],
      ['latest', { again: false, recipients: ['mail:x@y'] }, 'local'],
    ])
    const audit = await readFile(auditPath, 'utf8')
    expect(audit).toContain('"action":"report_send","target":"latest","outcome":"done"')
    expect(audit).toContain('"target":"latest mail:x@y","outcome":"failed"')
    const listed = await app.inject({ url: '/api/v1/reports/deliveries', headers })
    expect(ReportDeliveries.parse(listed.json()).missed).toEqual(['2026-W46'])
  })
})
