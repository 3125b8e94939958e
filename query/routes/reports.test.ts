import fastify from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Reports } from '#schemas/report/service.ts'
import { type ReportRouteDeps, reportRoutes } from './reports.ts'

/** Far below what a report takes here. */
const SILENT_MS = 250
const TAKES_MS = 900

const notAsked = () => Promise.reject(new RangeError('not asked'))
const reports: Reports = {
  list: () => Promise.resolve([]),
  model: notAsked,
  async write() {
    await delay(TAKES_MS)
    return { bytes: Buffer.from('{}'), mediaType: 'application/json', fileName: 'report.json' }
  },
  issue: notAsked,
  weeks: () => ({ latest: '2026-W47', running: '2026-W48' }),
  formats: ['json'],
}
const deps: ReportRouteDeps = {
  reports,
  sends: null,
  guard: {
    checkAddress: () => undefined,
    require: () => () => Promise.resolve(),
    identify: () => Promise.resolve(null),
  },
  audit: { record: () => Promise.resolve(), page: notAsked },
  timeZone: 'Asia/Shanghai',
  simulated: true,
}

const app = fastify({ connectionTimeout: SILENT_MS })
let base = ''
beforeAll(async () => {
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.get('/slow', () => delay(TAKES_MS, { late: true }))
  await app.register(reportRoutes, { deps })
  base = await app.listen({ port: 0 })
})
afterAll(() => app.close())

it('waits for a report for longer than other connections may be silent', async () => {
  const answer = await fetch(`${base}/reports/latest`)
  expect([answer.status, await answer.text()]).toEqual([200, '{}'])
  // The limit holds for everything else, also where a report came first.
  await expect(fetch(`${base}/slow`)).rejects.toThrow()
})
