import { setTimeout } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectBus } from '../ingest/bus/connect.ts'
import { openJetStreamLog } from '../ingest/bus/jetstream-log.ts'
import { mappingText } from '../ingest/bus/layout.ts'
import type { Log } from '../ingest/bus/log.ts'
import { type NatsServer, startNatsServer } from '../ingest/bus/nats-server.testing.ts'
import { connectStore, type Store } from '../ingest/store/store.ts'
import {
  asMessage,
  newBoot,
  silent,
  testBatch,
  testDevice,
} from '../ingest/worker/ingest.testing.ts'
import { shardOf } from '#schemas/subjects.ts'
import {
  freePort,
  type Plimsoll,
  runPlimsoll,
  startPlimsoll,
  tempFolder,
  until,
} from './process.testing.ts'
import { fromUrl } from './store.ts'

/** A site of four shards as it is deployed: a NATS server that maps, a store, ingest processes. */

const SHARDS = 4
const COLLECTORS = 40
const BATCHES = 30
/** Long enough for thirty batches to bring their devices into capacity. */
const STEP_MS = 30_000
const PASSWORD = 'c6f1e0b2a4d84b7c9e5f'

let folder: Awaited<ReturnType<typeof tempFolder>>
let server: NatsServer
let engine: Plimsoll
let env: Record<string, string>
let bus: NatsConnection
let log: Log
let store: Store
const started: Plimsoll[] = []

beforeAll(async () => {
  folder = await tempFolder()
  server = await startNatsServer(mappingText(SHARDS))
  const port = await freePort()
  engine = startPlimsoll(['engine', '--port', String(port)], {
    env: { PLIMSOLL_ENGINE_PASSWORD: PASSWORD, PLIMSOLL_DATA: folder.path },
  })
  await engine.says(/engine answers url/)
  env = {
    CLICKHOUSE_URL: `http://default:${PASSWORD}@127.0.0.1:${port}/plimsoll`,
    NATS_URL: server.url,
    PLIMSOLL_SHARDS: String(SHARDS),
    PLIMSOLL_DATA: folder.path,
  }
  const migrated = await runPlimsoll(['migrate'], { env })
  expect(migrated).toMatchObject({ code: 0 })
  bus = await connectBus({ url: server.url, name: 'collectors' })
  log = await openJetStreamLog({ connection: bus, logger: silent, place: { shard: 0, shards: 4 } })
  store = connectStore(fromUrl(env['CLICKHOUSE_URL'] ?? ''))
}, 60_000)

afterAll(async () => {
  for (const one of started) if (one.isRunning()) await one.kill()
  await log?.close()
  await bus?.close()
  await store?.close()
  await engine?.stop()
  await server?.stop()
  await folder?.remove()
}, 30_000)

function ingest(shards: string): Plimsoll {
  const one = startPlimsoll(['ingest', '--shards', shards], { env })
  started.push(one)
  return one
}

const collectors = Array.from({ length: COLLECTORS }, (_, n) => ({
  name: `k-${n}`,
  boot: newBoot(),
  devices: [testDevice(`d-${n}-0`, { node: `n-${n}` }), testDevice(`d-${n}-1`, { node: `n-${n}` })],
}))

/** Batch `seq` of every collector, again and again until the bus has it, as a spool does. */
async function sendAll(seq: number, startMs: number): Promise<void> {
  await Promise.all(
    collectors.map(async ({ name: collector, boot, devices }) => {
      const t0Ms = startMs + seq * STEP_MS
      const cells = { busy_ratio: [[0.5, 0.25]] }
      const batch = testBatch({ collector, boot, seq, t0Ms, stepMs: STEP_MS, devices, cells })
      const { subject, id, payload } = asMessage(batch)
      for (;;) {
        try {
          await log.append({ subject, id, payload, boot, seq })
          return
        } catch {
          await setTimeout(100)
        }
      }
    }),
  )
}

const one = async (sql: string): Promise<Record<string, unknown>> => {
  const [row] = await store.query(sql)
  return Object.fromEntries(Object.entries(row ?? {}))
}

it('two processes share four shards and forty collectors; one is killed, its spare goes on: every batch once', async () => {
  const startMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - (BATCHES + 30) * STEP_MS
  const first = ingest('0,1')
  const second = ingest('2,3')
  await Promise.all([first.says(/ingest reads/), second.says(/ingest reads/)])
  const spare = ingest('3,2')
  await spare.says(/waits as a spare/)
  for (let seq = 1; seq <= BATCHES; seq += 1) {
    await sendAll(seq, startMs)
    if (seq === BATCHES / 3) await second.kill()
  }
  await spare.says(/took over/)
  const wanted = COLLECTORS * BATCHES
  await until('every batch to be stored', async () => {
    const { batches } = await one(
      'SELECT toUInt32(sum(last_seq - first_seq + 1)) AS batches FROM batches WHERE lost = 0',
    )
    return Number(batches) >= wanted
  })
  expect(
    await one(`SELECT toUInt32(count()) AS total, toUInt32(uniqExact(device_id, ts)) AS different,
      toUInt32(uniqExact(device_id)) AS devices FROM samples`),
  ).toEqual({ total: wanted * 2, different: wanted * 2, devices: COLLECTORS * 2 })
  expect(
    await one('SELECT toUInt32(sum(last_seq - first_seq + 1)) AS batches FROM batches'),
  ).toEqual({ batches: wanted })
  const places = await store.query(
    'SELECT DISTINCT collector, toUInt32(shard) AS shard FROM batches ORDER BY collector',
  )
  expect(places).toHaveLength(COLLECTORS)
  for (const place of places) {
    const { collector, shard } = { collector: '', shard: -1, ...Object(place) }
    expect(shardOf(String(collector), SHARDS), String(collector)).toBe(shard)
  }
  expect([first.isRunning(), spare.isRunning()]).toEqual([true, true])
  expect(first.log() + spare.log()).not.toMatch(/batches are missing|shard failed/)
}, 120_000)

it('one of them settles, and another one when that is killed', async () => {
  const running = () => started.filter((process) => process.isRunning())
  const settling = () => running().filter((process) => /this process settles/.test(process.log()))
  const [holder] = await until('somebody to settle', () => settling().length > 0 && settling())
  // It accepts the devices of all shards, and each once.
  await until('every device to enter capacity', async () => {
    const { devices, rows } = await one(
      'SELECT toUInt32(uniqExact(device_id)) AS devices, toUInt32(count()) AS rows FROM intervals',
    )
    return devices === COLLECTORS * 2 && rows === COLLECTORS * 2
  })
  await until('all their time to be settled', async () => {
    const { known_ms } = await one(
      `SELECT toUInt32(sum(known_ms)) AS known_ms FROM ledger_1m_group WHERE (bucket, revision) IN
       (SELECT bucket, max(revision) FROM revisions WHERE resolution = '1m' GROUP BY bucket)`,
    )
    // The last sample is bridged over two empty cells.
    return known_ms === COLLECTORS * 2 * (BATCHES + 2) * STEP_MS
  })
  if (holder === undefined) throw new Error('nobody settles')
  await holder.kill()
  await until('another one to settle', () => settling().length === 1, 40_000)
  const { doubled } = await one(
    `SELECT toUInt32(count()) AS doubled FROM (SELECT bucket, device_id, revision FROM ledger_1m WHERE capacity_ms > 0
     GROUP BY bucket, device_id, revision, cluster, pool, busy_source HAVING count() > 1)`,
  )
  expect(doubled).toBe(0)
}, 90_000)

it('a process that asks for a shard the site does not have, or for another number of shards, ends at once', async () => {
  const beyond = await runPlimsoll(['ingest', '--shards', '4'], { env })
  expect(beyond.stderr).toMatch(/E_CONFIG_INVALID.*0 to 3/)
  const other = await runPlimsoll(['ingest'], { env: { ...env, PLIMSOLL_SHARDS: '2' } })
  expect(other.code).toBe(1)
  expect(other.stderr).toMatch(/E_CONFIG_INVALID[^]*PLIMSOLL_TELEMETRY_V1_4_/)
}, 40_000)
