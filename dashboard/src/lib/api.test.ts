import { afterEach, describe, expect, it, vi } from 'vitest'
import { ApiFailure, apiUrl, deviceSeries, fleetSummary, NOT_THE_API, UNREACHABLE } from './api.ts'

afterEach(() => vi.unstubAllGlobals())

const signal = new AbortController().signal
const window = { fromMs: 0, toMs: 60_000 }

function answerWith(make: (url: string) => Response | Promise<Response>) {
  const asked: string[] = []
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url)
    return Promise.resolve(make(url))
  })
  return asked
}
const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } })

describe('addresses', () => {
  it('leave out what has no value and escape what has', () => {
    const filters = [{ field: 'model', op: 'eq', value: 'H100 a:b&c' }] as const
    expect(apiUrl('devices', { q: '', cursor: null, limit: 50 }, filters)).toBe(
      '/api/v1/devices?limit=50&filter=model%3Aeq%3AH100+a%3Ab%26c',
    )
  })
})

describe('failures', () => {
  it('carry the code, the message and the page of the answer', async () => {
    const error = { code: 'E_STORE_AWAY', message: 'gone', docs: 'docs/errors.md#e_store_away' }
    answerWith(() => json({ error }, 503))
    await expect(fleetSummary('', window, signal)).rejects.toMatchObject({
      status: 503,
      code: 'E_STORE_AWAY',
      docs: error.docs,
    })
  })

  it('a server that does not answer and a page of a proxy are told apart', async () => {
    answerWith(() => Promise.reject(new TypeError('failed to fetch')))
    await expect(fleetSummary('', window, signal)).rejects.toMatchObject({ code: UNREACHABLE })
    answerWith(() => new Response('<html>', { headers: { 'content-type': 'text/html' } }))
    await expect(fleetSummary('', window, signal)).rejects.toMatchObject({ code: NOT_THE_API })
    answerWith(() => new Response('<html>', { status: 502 }))
    await expect(fleetSummary('', window, signal)).rejects.toBeInstanceOf(ApiFailure)
  })
})

describe('device series', () => {
  it('more metrics than one answer holds are asked in several calls and come back as one', async () => {
    const asked = answerWith((url) => {
      const metrics = new URL(url, 'http://x').searchParams.get('metrics')?.split(',') ?? []
      return json({ from: 'a', groups: metrics.map((metric) => ({ metric })) })
    })
    const metrics = Array.from({ length: 60 }, (_metric, at) => `m${at}`)
    const answer = await deviceSeries('7', { metrics, points: 9, ...window }, signal)
    expect(asked.length).toBeGreaterThan(1)
    expect(answer.groups.map(({ metric }) => metric)).toEqual(metrics)
  })
})
