import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { FleetSummary, SeriesAnswer } from '#schemas/api.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { LINK_METRICS, NODE_METRICS } from '#schemas/node-metrics.ts'
import { fakeReader, START_MS, testApp, type TestApp } from './access/access.testing.ts'
import { SUM_FIELDS, type SumField } from './queries/fleet-sums.ts'
import { MINUTE_MS } from './window.ts'

const opened: TestApp[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ app }) => app.close()))
})
async function site(overrides: Parameters<typeof testApp>[0] = {}) {
  const built = await testApp(overrides)
  opened.push(built)
  return built
}

const settledRow = {
  minute_rows: '10',
  first_minute_ms: String(START_MS - 10 * MINUTE_MS),
  last_minute_ms: String(START_MS - MINUTE_MS),
}
const sumsRow = (key: string, sums: Partial<Record<SumField, number>>) => ({
  keys: [key, '', '', ''],
  slot: 0,
  source: 2,
  sums: SUM_FIELDS.map((field) => sums[field] ?? 0),
  wide: [],
  max_temperature_celsius: null,
  first_bucket_s: START_MS / 1000 - 600,
  last_bucket_s: START_MS / 1000 - 60,
  buckets: 10,
})
const store = () =>
  fakeReader({
    minute_rows: [settledRow],
    'FROM ledger_1m_group': [
      sumsRow('east', { capacity: 6_000_000, known: 3_000_000, busyX1000: 1_500_000_000 }),
      sumsRow('west', { capacity: 6_000_000, known: 3_000_000, busyX1000: 3_000_000_000 }),
    ],
    'INNER JOIN capacity': [
      { keys: ['east', '', '', ''], devices: 100 },
      { keys: ['west', '', '', ''], devices: 200 },
    ],
    'AS pending_devices': [{ pending_devices: 3 }],
  })

describe('answers', () => {
  test('a summary has the contract, the effective window and how final it is', async () => {
    const { app } = await site({ reader: store() })
    const response = await app.inject('/api/v1/fleet/summary?group_by=cluster')
    expect(response.statusCode).toBe(200)
    const answer = FleetSummary.parse(response.json())
    expect(answer).toMatchObject({
      definition: '2026.1',
      to: new Date(START_MS).toISOString(),
      from: new Date(START_MS - 86_400_000).toISOString(),
      resolution: '1m_group',
      provisional: false,
      pending_devices: 3,
    })
    expect(
      answer.groups.map(({ key, devices, utilization, coverage }) => [
        key['cluster'],
        devices,
        utilization,
        coverage,
      ]),
    ).toEqual([
      ['east', 100, 0.5, 0.5],
      ['west', 200, 1, 0.5],
    ])
    expect(response.headers['cache-control']).toBe('no-store')
  })

  test('parameters reach the store as bound values, never as text', async () => {
    const reader = store()
    const { app } = await site({ reader })
    const evil = "x'; DROP TABLE samples; --"
    const filter = encodeURIComponent(`cluster:eq:${evil}`)
    await app.inject(`/api/v1/fleet/summary?filter=${filter}&filter=model:ne:H100`)
    const asked = reader.asked.find(({ sql }) => sql.includes('FROM ledger_1m_group'))
    expect(asked?.params).toMatchObject({
      f1: 'cluster',
      f1_in: [evil],
      f2: 'model',
      f2_not: ['H100'],
      f3: 'none',
    })
    expect(reader.asked.every(({ sql }) => !sql.includes('DROP'))).toBe(true)
  })

  test('a series fills the buckets nobody spoke for with null', async () => {
    const { app } = await site({ reader: store() })
    const response = await app.inject(
      `/api/v1/fleet/series?metric=utilization&from=${START_MS - 3 * MINUTE_MS}&group_by=cluster`,
    )
    const answer = SeriesAnswer.parse(response.json())
    expect(answer.groups[0]).toMatchObject({ step_ms: MINUTE_MS, values: [0.5, null, null] })
  })

  test('the catalogue is served as it is', async () => {
    const { app } = await site()
    const { metrics } = (await app.inject('/api/v1/metrics')).json<{ metrics: unknown[] }>()
    const catalogue = [...DEVICE_METRICS, ...NODE_METRICS, ...LINK_METRICS]
    expect(metrics).toHaveLength(catalogue.length)
    expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length)
  })

  test('pasted output is parsed as bytes, whatever its type, up to its limit', async () => {
    const { app } = await site()
    const paste = (payload: string, headers = {}) =>
      app.inject({ method: 'POST', url: '/api/v1/parse?source=npu-smi', payload, headers })
    const response = await paste('{"not":"json', { 'content-type': 'application/json' })
    expect(response.json()).toMatchObject({ source: 'npu-smi', rejected_total: 12 })
    const large = await paste('x'.repeat(2 * 1024 * 1024 + 1), { 'content-type': 'text/plain' })
    expect(large.statusCode).toBe(413)
    expect(large.json()).toMatchObject({ error: { code: 'E_TOO_LARGE' } })
  })
})

describe('refusals', () => {
  test('have a status, a code, a sentence and a page', async () => {
    const { app } = await site({ reader: store() })
    const cases: [string, number, string][] = [
      ['/api/v1/fleet/summary?from=x', 400, 'E_RANGE_INVALID'],
      [
        '/api/v1/fleet/summary?from=2020-01-01T00:00:00Z&to=2022-01-01T00:00:00Z',
        400,
        'E_RANGE_INVALID',
      ],
      ['/api/v1/fleet/summary?filter=x:eq:1', 400, 'E_FILTER_INVALID'],
      ['/api/v1/fleet/summary?group_by=device', 400, 'E_FILTER_INVALID'],
      ['/api/v1/fleet/summary?form=1', 400, 'E_BAD_REQUEST'],
      ['/api/v1/fleet/series?metric=speed', 400, 'E_BAD_REQUEST'],
      ['/api/v1/fleet/series?points=0', 400, 'E_BAD_REQUEST'],
      ['/api/v1/fleet/series?points=2001', 400, 'E_BAD_REQUEST'],
      ['/api/v1/fleet/series?points=1e3', 400, 'E_BAD_REQUEST'],
      ['/api/v1/devices?limit=501', 400, 'E_BAD_REQUEST'],
      ['/api/v1/devices?sort=password', 400, 'E_BAD_REQUEST'],
      ['/api/v1/devices?cursor=abc', 400, 'E_CURSOR_INVALID'],
      ['/api/v1/devices/abc', 400, 'E_BAD_REQUEST'],
      ['/api/v1/devices/99999999999999999999', 400, 'E_BAD_REQUEST'],
      ['/api/v1/devices/7', 404, 'E_DEVICE_UNKNOWN'],
      ['/api/v1/devices/7/series?metrics=speed', 400, 'E_METRIC_UNKNOWN'],
      ['/api/v1/nothing', 404, 'E_NOT_FOUND'],
      ['/api/v1/demo/incident', 404, 'E_NOT_FOUND'],
      ['/api/v1/demo/messages', 404, 'E_NOT_FOUND'],
      ['/api/v1/forecast?scope=hall', 400, 'E_BAD_REQUEST'],
      ['/api/v1/forecast?scope=zone_set:fleet', 400, 'E_BAD_REQUEST'],
      ['/../../etc/passwd', 404, 'E_NOT_FOUND'],
    ]
    for (const [url, status, code] of cases) {
      const response = await app.inject(url)
      expect([url, response.statusCode]).toEqual([url, status])
      expect(response.json()).toMatchObject({
        error: {
          code,
          message: expect.stringMatching(/\w/),
          docs: `docs/errors.md#${code.toLowerCase()}`,
        },
      })
    }
  })

  test('what the store refuses keeps its code, a defect shows none of its inside', async () => {
    const failing = (error: Error) => ({ ...fakeReader(), query: () => Promise.reject(error) })
    const busy = await site({ reader: failing(new PlimsollError('E_QUERY_TIMEOUT', 'too slow')) })
    const slow = await busy.app.inject('/api/v1/fleet/summary')
    expect([slow.statusCode, slow.json()]).toMatchObject([
      503,
      { error: { code: 'E_QUERY_TIMEOUT' } },
    ])
    const logged: string[] = []
    const log = {
      info: () => undefined,
      warn: () => undefined,
      error: (_: string, fields?: object) => void logged.push(JSON.stringify(fields)),
    }
    const broken = await site({ reader: failing(new Error('secret path')), log })
    const defect = await broken.app.inject('/api/v1/fleet/summary')
    expect(defect.statusCode).toBe(500)
    expect(defect.body).not.toContain('secret')
    expect(logged.join()).toContain('secret path')
  })

  test('rows of another shape are a defect, not a wrong number', async () => {
    const reader = fakeReader({ minute_rows: [{ ...settledRow, last_minute_ms: 'soon' }] })
    const { app } = await site({ reader })
    expect((await app.inject('/api/v1/fleet/summary')).statusCode).toBe(500)
  })
})

describe('health', () => {
  test('is ready once the history is there and questions are answered', async () => {
    let progress = 'writing history: 41 %'
    let answers = true
    const reader = { ...fakeReader(), ping: () => Promise.resolve(answers) }
    const ready = () => ({ ready: progress === '', progress })
    const { app } = await site({ reader, ready })
    const waiting = await app.inject('/readyz')
    expect([waiting.statusCode, waiting.json()]).toMatchObject([
      503,
      { error: { code: 'E_NOT_READY', message: 'writing history: 41 %' } },
    ])
    expect((await app.inject('/healthz')).statusCode).toBe(200)
    progress = ''
    expect((await app.inject('/readyz')).statusCode).toBe(200)
    answers = false
    expect((await app.inject('/readyz')).statusCode).toBe(503)
  })

  test('says that a disk fills up, without a token and without a store', async () => {
    const disk = { state: 'stopped' as const, used_ratio: 0.96, free_bytes: 1, detail: 'full' }
    const counts = { inserted_rows: 0, quarantined: 0, settled_until_ms: null }
    const pipeline = () => ({ lag_messages: null, last_insert_ms: null, ...counts, disk })
    let answers = true
    const reader = { ...fakeReader(), ping: () => Promise.resolve(answers) }
    const { app } = await site({ reader, pipeline })
    expect((await app.inject('/readyz')).json()).toEqual({ status: 'ready', warnings: ['full'] })
    answers = false
    expect((await app.inject('/readyz')).json()).toMatchObject({
      error: { code: 'E_STORE_AWAY', message: 'the store does not answer; full' },
    })
  })

  test('its own numbers are Prometheus text', async () => {
    const roles = () => [
      { name: 'ingest', health: { state: 'ok' as const, detail: '', metrics: { rows_total: 7 } } },
    ]
    const { app } = await site({ roles })
    await app.inject('/api/v1/devices/abc')
    const { body, headers } = await app.inject('/metrics')
    expect(headers['content-type']).toContain('text/plain')
    expect(body).toContain(
      '# TYPE plimsoll_ingest_rows_total counter\nplimsoll_ingest_rows_total 7\n',
    )
    expect(body).toContain('plimsoll_role_state{role="ingest",state="ok"} 1\n')
    expect(body).toContain('plimsoll_http_errors_total{code="E_BAD_REQUEST"} 1\n')
    expect(body).toContain(
      'plimsoll_http_requests_total{route="/api/v1/devices/:id",status="4xx"} 1',
    )
    for (const line of body.trimEnd().split('\n')) {
      expect(line).toMatch(
        /^(# TYPE \w+ (counter|gauge)|# HELP \w+ \S.*|\w+(\{(\w+="[^"]*",?)+\})? [-+.e\d]+)$/,
      )
    }
  })
})

describe('the description of the API', () => {
  test('is OpenAPI 3.1 and names every route and its refusals', async () => {
    const { app } = await site()
    const document = (await app.inject('/api/docs/openapi.json')).json<{
      openapi: string
      paths: Record<string, { get?: { responses: object; parameters?: object[] } }>
    }>()
    expect(document.openapi).toBe('3.1.0')
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/fleet/summary',
        '/api/v1/fleet/series',
        '/api/v1/devices',
        '/api/v1/devices/{id}',
        '/api/v1/devices/{id}/series',
        '/api/v1/devices/{id}/events',
        '/api/v1/collection',
        '/api/v1/collection/coverage',
        '/api/v1/nodes/{node}',
        '/api/v1/nodes/{node}/series',
        '/api/v1/live',
        '/api/v1/parse',
        '/api/v1/metrics',
        '/api/v1/session',
        '/healthz',
        '/readyz',
        '/metrics',
      ]),
    )
    const { responses } = document.paths['/api/v1/fleet/summary']?.get ?? { responses: {} }
    expect(Object.keys(responses)).toEqual(['200', '4XX', '5XX'])
    const page = await app.inject({ url: '/api/docs', headers: { accept: 'text/html' } })
    expect(page.headers['content-type']).toContain('text/html')
    expect(page.body).toContain('/api/v1/devices/{id}/series')
    expect(page.body).not.toMatch(/<script|https?:\/\//)
    const guide = await app.inject({ url: '/api/docs/numbers' })
    expect(guide.body).toContain('<h2 id="loss-and-who-pays">')
    expect((await app.inject({ url: '/api/docs/nothing' })).statusCode).toBe(404)
  })
})

describe('the dashboard', () => {
  async function built() {
    const directory = await mkdtemp(join(tmpdir(), 'plimsoll-dashboard-'))
    await mkdir(join(directory, '_app/immutable'), { recursive: true })
    await writeFile(join(directory, 'index.html'), '<html><script>start()</script></html>')
    await writeFile(join(directory, '_app/immutable/a.1234.js'), 'x')
    await writeFile(join(directory, 'favicon.svg'), '<svg/>')
    return site({
      dashboardDir: directory,
      accessInput: { host: '0.0.0.0', public_names: ['x.example'] },
    })
  }

  test('is served to everybody, with pages falling back to index.html and files not', async () => {
    const { app } = await built()
    const get = (url: string) =>
      app.inject({ url, remoteAddress: '10.1.1.1', headers: { host: 'x.example' } })
    for (const url of ['/', '/devices/12?x=1', '/collection']) {
      const page = await get(url)
      expect([url, page.statusCode, page.headers['cache-control']]).toEqual([url, 200, 'no-cache'])
      expect(page.body).toContain('start()')
    }
    const hashed = await get('/_app/immutable/a.1234.js')
    expect(hashed.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    for (const url of ['/_app/immutable/gone.js', '/api/v1/gone', '/..%2f..%2fetc/passwd.txt']) {
      expect([url, (await get(url)).statusCode]).toEqual([url, 404])
    }
  })

  test('may run its own inline script and nothing else, and sits in no frame', async () => {
    const { app } = await built()
    const { headers } = await app.inject('/')
    const policy = String(headers['content-security-policy'])
    // SHA-256 of `start()`.
    expect(policy).toMatch(/script-src 'self' 'sha256-[A-Za-z0-9+/]{43}='/)
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe-eval')
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
    })
  })
})
