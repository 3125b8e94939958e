import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../../ingest/engine/engine.testing.ts'
import { deviceId } from '../../ingest/identity/device-id.ts'
import { createLedger } from '../../ingest/settle/ledger.ts'
import { createLocalDays } from '../../ingest/settle/local-day.ts'
import { fleetDeps, fleetSummary } from '../../query/fleet.ts'
import { createPrometheusApi } from './prometheus-api.ts'
import { importPrometheus, type PrometheusJob } from './prometheus-job.ts'
import { sourcesOf } from './prometheus-sources.ts'
import { startThreads } from './prometheus-threads.ts'
import { run } from './prometheus.ts'
import {
  busyOf,
  GPUS_PER_NODE,
  instanceOf,
  pastSeries,
  startStub,
  type StubPrometheus,
  uuidOf,
} from './prometheus.testing.ts'

const NODES = 2
/** Three hours over midnight of UTC, in minutes since the epoch. */
const FROM = Date.UTC(2026, 4, 1, 22) / 60_000
const TO = FROM + 180
const MINUTE = 60_000
const span = { fromMs: FROM * MINUTE, toMs: TO * MINUTE, stepMs: MINUTE }

describe('history out of Prometheus', () => {
  let engine: TestEngine
  let stub: StubPrometheus
  const series = pastSeries(NODES, { from: FROM, to: TO })
  const noOptions = { mapping: undefined, names: undefined, match: [] }
  const job = async (more: Partial<PrometheusJob> = {}): Promise<PrometheusJob> => ({
    api: createPrometheusApi({ url: stub.url, sleep: async () => undefined }),
    server: 'stub',
    store: engine.store,
    ledger: await createLedger(engine.store, Date.now, { dayOf: createLocalDays('UTC') }),
    clock: Date.now,
    sources: await sourcesOf(noOptions),
    cluster: 'default',
    timeZone: 'UTC',
    span,
    onProgress: () => undefined,
    ...more,
  })
  const one = async (sql: string) => (await engine.store.query(sql))[0]

  beforeAll(async () => {
    engine = await startTestEngine({ migrated: true })
  })
  afterAll(() => engine.stop())
  beforeEach(async () => {
    stub = await startStub(series)
  })
  afterEach(() => stub.stop())

  it('reads the pages through the source itself and settles them', async () => {
    // A device that lives already: under another id, in capacity since an hour after the history.
    const living = deviceId('uuid:of-today')
    const key = `uuid:${uuidOf(1, 3)}`
    await engine.store.insertJson(
      'device_aliases',
      [{ key, device_id: living, at: '2026-05-02 02:00:00.000' }],
      'alias',
    )
    await engine.store.insertJson(
      'intervals',
      [
        {
          kind: 'capacity',
          device_id: living,
          from_at: '2026-05-02 02:00:00.000',
          to_at: '2100-01-01 00:00:00.000',
          reason: 'discovered',
          detail: '',
          version: 1,
        },
      ],
      'capacity',
    )
    const report = await importPrometheus(await job())
    expect(report).toMatchObject({
      exporters: NODES,
      devices: NODES * GPUS_PER_NODE,
      samples: NODES * GPUS_PER_NODE * 180,
      partsBefore: 0,
      minutesSettled: 180,
    })
    const ids = await one(
      `SELECT count() AS samples, uniqExact(ts) AS times FROM samples WHERE device_id = ${living}`,
    )
    expect(ids).toEqual({ samples: '180', times: '180' })
    const capacity = await engine.store.query(
      `SELECT toString(from_at) AS from, toString(to_at) AS to FROM intervals FINAL
       WHERE device_id = ${living} AND to_at > from_at`,
    )
    expect(capacity).toEqual([{ from: '2026-05-01 22:00:00.000', to: '2100-01-01 00:00:00.000' }])
    expect(
      await one(`SELECT node, model, cluster FROM devices WHERE device_id = ${living}`),
    ).toMatchObject({ node: 'gpu-001', cluster: 'default' })
  })

  it('answers with the very busy time that the exporters showed', async () => {
    const deps = fleetDeps({
      reader: engine.reader,
      clock: Date.now,
      timeZone: 'UTC',
      simulated: false,
    })
    const { groups } = await fleetSummary(deps, {
      from: new Date(span.fromMs).toISOString(),
      to: new Date(span.toMs).toISOString(),
      groupBy: 'node',
      filters: [],
    })
    for (let node = 0; node < NODES; node += 1) {
      let hundredths = 0
      for (let gpu = 0; gpu < GPUS_PER_NODE; gpu += 1)
        for (let minute = FROM; minute < TO; minute += 1)
          hundredths += Math.round(busyOf(node, gpu, minute) * 100)
      const group = groups.find(({ key }) => key['node'] === instanceOf(node).split(':')[0])
      expect(group?.busy_device_seconds).toBe((hundredths * 60) / 100)
      expect(group?.capacity_device_seconds).toBe(GPUS_PER_NODE * 180 * 60)
      expect(group?.busy_sources).toEqual({ gr_engine_active: GPUS_PER_NODE * 180 * 60 })
    }
  })

  it('asks nothing and changes nothing when it was complete', async () => {
    const report = await importPrometheus(await job())
    expect(report).toMatchObject({ samples: 0, partsBefore: 2, minutesSettled: 0 })
    expect(stub.asked).toEqual([])
  })

  it('reads the same with threads, and says what one of them failed with', async () => {
    const { url, user, password, database } = engine
    const cluster = 'threads'
    const question = { server: 'stub', cluster, span }
    const connection = { url, user, password, database }
    const setup = { url: stub.url, connection, question, ...noOptions }
    const threads = startThreads(setup, 2)
    try {
      const { runners } = threads
      const report = await importPrometheus(await job({ cluster, runners }))
      expect(report).toMatchObject({ samples: NODES * GPUS_PER_NODE * 180, partsBefore: 0 })
      const [run] = runners
      const unknown = { source: 9, instances: [] }
      await expect(run?.(unknown, () => undefined)).rejects.toThrow('no source 9')
    } finally {
      await threads.stop()
    }
  })

  it.each([
    ['a data set', { dataset: 'past' }, 'plimsoll_past'],
    ['the site', { cluster: 'by-command' }, 'plimsoll'],
  ])('puts history into %s by its command', async (_, options, database) => {
    const url = new URL(engine.url)
    Object.assign(url, { username: engine.user, password: engine.password, pathname: '/plimsoll' })
    const given: Readonly<Record<string, string>> = {
      url: stub.url,
      clickhouse: url.href,
      from: '2026-05-01T22:00Z',
      to: '2026-05-01T22:30Z',
      ...options,
    }
    const printed: string[] = []
    const code = await run({
      option: (name) => given[name],
      options: () => [],
      flag: () => false,
      positionals: ['prometheus'],
      env: {},
      print: (line) => printed.push(line),
    })
    expect(code).toBe(0)
    expect(printed[0]).toBe(`${NODES * GPUS_PER_NODE * 30} samples of 16 devices from 2 exporters`)
    expect(printed.at(-1)).toBe('30 minutes settled')
    const found = await one(
      `SELECT count() AS parts, sum(row_count) AS rows FROM ${database}.batches
       WHERE collector = 'import' AND max_ts < '2026-05-01 22:30:00'`,
    )
    expect(found).toEqual({ parts: '1', rows: String(NODES * GPUS_PER_NODE * 30) })
  })

  it('goes on where it was cut off', async () => {
    const cluster = 'again'
    let asked = 0
    const api = createPrometheusApi({ url: stub.url, sleep: async () => undefined })
    const broken = {
      ...api,
      range: (...question: Parameters<typeof api.range>) => {
        asked += 1
        return asked > NODES ? Promise.reject(new Error('pulled out')) : api.range(...question)
      },
    }
    await expect(importPrometheus(await job({ cluster, api: broken }))).rejects.toThrow('pulled')
    const done = await importPrometheus(await job({ cluster }))
    expect(done).toMatchObject({ partsBefore: 1, samples: NODES * GPUS_PER_NODE * 60 })
  })

  it('asks again when the server is busy, and says what it said when it refuses', async () => {
    stub.failNext(503, 2)
    const api = createPrometheusApi({ url: stub.url, sleep: async () => undefined })
    const selector = '{__name__=~"DCGM_(FI|EXP)_.+"}'
    expect(await api.instances(selector, span)).toEqual([instanceOf(0), instanceOf(1)])
    stub.failNext(400, 1)
    await expect(api.instances(selector, span)).rejects.toMatchObject({
      code: 'E_PROMETHEUS_AWAY',
      message: expect.stringContaining('400: told to fail'),
    })
    stub.failNext(503, 9)
    await expect(api.instances(selector, span)).rejects.toThrow('it answers 503')
  })
})
