import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { deviceId } from '../identity/device-id.ts'
import { startPipeline, type Pipeline } from '../pipeline.testing.ts'
import { newBoot, testDevice, until } from '../worker/ingest.testing.ts'

vi.setConfig({ testTimeout: 60_000 })

const T0 = Date.UTC(2026, 4, 1, 22)
const MINUTE = 60_000
const ID = deviceId('uuid:held')

let engine: TestEngine
let pipeline: Pipeline | null = null
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(() => engine.stop())
afterEach(async () => {
  await pipeline?.stop()
  pipeline = null
})

const at = (ms: number) => new Date(ms).toISOString()
const STATES = `SELECT tenant, allocation_source, sum(capacity_ms) AS capacity, sum(unallocated_ms) AS unallocated,
    sum(idle_held_ms) AS idle_held, intDiv(sum(productive_ms_x1000), 1000) AS productive
  FROM ledger_1m
  WHERE (bucket, revision) IN (SELECT bucket, max(revision) FROM revisions WHERE resolution = '1m' GROUP BY bucket)
  GROUP BY tenant, allocation_source ORDER BY tenant, allocation_source`
const ms = (minutes: number) => String(minutes * MINUTE)

it('a holder that is told later settles exactly its time again, under its own name', async () => {
  const own = await startPipeline(engine, T0 + 31 * MINUTE)
  pipeline = own
  const boot = newBoot()
  // Half an hour, quiet from the tenth minute on.
  const busy = Array.from({ length: 60 }, (_, tick) => [tick < 20 ? 0.9 : 0.01])
  const devices = [testDevice('held')]
  own.send({ boot, seq: 1, t0Ms: T0, stepMs: 30_000, devices, cells: { busy_ratio: busy } })
  await own.drained()
  await own.settledUntil(T0 + 31 * MINUTE, T0 + 30 * MINUTE)
  // Nobody says who holds it: busy time has a holder without a name, the long quiet stretch has none.
  expect(await own.store.query(STATES)).toEqual([
    {
      tenant: '',
      allocation_source: 'none',
      capacity: ms(20),
      unallocated: ms(20),
      idle_held: '0',
      productive: '0',
    },
    {
      tenant: 'unattributed',
      allocation_source: 'none',
      capacity: ms(10),
      unallocated: '0',
      idle_held: '0',
      productive: ms(10),
    },
  ])
  await own.store.insertJson(
    'allocations',
    [
      {
        device_id: ID,
        from_at: at(T0 + 5 * MINUTE),
        to_at: at(T0 + 28 * MINUTE),
        source: 'slurm',
        source_rank: 1,
        holder: '4711',
        job: '4711',
        tenant: 'vision',
        class: 'training',
        billing: 'paid',
        version: 1,
        inserted_at: at(own.clock.nowMs),
      },
    ],
    'allocation',
  )
  own.clock.nowMs += 11_000
  const change = { from_at: at(T0 + 5 * MINUTE), to_at: at(T0 + 28 * MINUTE) }
  const reason = 'allocation corrected'
  await own.store.insertJson(
    'interval_changes',
    [{ ...change, inserted_at: at(own.clock.nowMs), reason }],
    'change',
  )
  own.clock.nowMs += 11_000
  await until('the minutes to be settled again', async () => {
    const [row] = await own.store.query(`SELECT toString(uniqExact(bucket)) AS n FROM restatements`)
    return JSON.stringify(row) === '{"n":"23"}'
  })
  await own.settledUntil(own.clock.nowMs, T0 + 30 * MINUTE)
  await until('the holder to be there', async () => {
    const rows = await own.store.query(STATES)
    return JSON.stringify(rows).includes(`"idle_held":"${ms(18)}"`)
  })
  expect(await own.store.query(STATES)).toEqual([
    // Two minutes are left behind the job, and one that is bridged: too short to be anything but productive.
    {
      tenant: '',
      allocation_source: 'none',
      capacity: ms(3),
      unallocated: '0',
      idle_held: '0',
      productive: ms(3),
    },
    {
      tenant: 'unattributed',
      allocation_source: 'none',
      capacity: ms(5),
      unallocated: '0',
      idle_held: '0',
      productive: ms(5),
    },
    {
      tenant: 'vision',
      allocation_source: 'slurm',
      capacity: ms(23),
      unallocated: '0',
      idle_held: ms(18),
      productive: ms(5),
    },
  ])
  expect(await own.store.query('SELECT DISTINCT reason FROM restatements')).toEqual([{ reason }])
})
