import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Server } from 'node:http'
import * as api from '#schemas/api.ts'
import { EnergyAnswer, PueAnswer } from '#schemas/api-facility.ts'
import { FacilityLoopsAnswer, FacilityTreeAnswer } from '#schemas/api-facility-tree.ts'
import { OwnersAnswer } from '#schemas/api-ledger.ts'
import { MeasuredAnswer } from '#schemas/api-measured.ts'
import { startStub } from './stub-api.ts'

// The pages are looked at with the stub's answers: they must be what the real API may say.

let server: Server
let base = ''
beforeAll(async () => {
  const nowMs = () => Date.parse('2026-11-22T12:00:30Z')
  server = await startStub({ port: 0, nowMs, build: '/nowhere' })
  const address = server.address()
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/api/v1`
})
afterAll(() => void server.close())

it.each([
  ['session', api.SessionInfo],
  ['fleet/summary?group_by=model', api.FleetSummary],
  ['fleet/series?metric=utilization&points=720', api.SeriesAnswer],
  ['devices?limit=50', api.DeviceList],
  ['devices/9000000000000041', api.DeviceDetail],
  ['devices/9000000000000041/series?metrics=busy_ratio,power_watts', api.SeriesAnswer],
  ['collection', api.CollectionAnswer],
  ['pue?resolution=15m', PueAnswer],
  ['energy?group_by=role', EnergyAnswer],
  ['owners', OwnersAnswer],
  ['facility/tree', FacilityTreeAnswer],
  ['facility/loops', FacilityLoopsAnswer],
  ['utilization/sources', MeasuredAnswer],
  ['devices/1', api.ApiError],
])('the stub answers %s as the contract says', async (path, schema) => {
  const answer: unknown = await (await fetch(`${base}/${path}`)).json()
  expect(schema.safeParse(answer).error).toBeUndefined()
})

it('the stub answers the same at the same moment', async () => {
  const read = async () => (await fetch(`${base}/fleet/series?metric=utilization`)).text()
  expect(await read()).toBe(await read())
})
