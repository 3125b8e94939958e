import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Logger } from '#schemas/role.ts'
import { connectStore } from '../store/store.ts'
import { startTestEngine } from './engine.testing.ts'
import { createEngine, type Engine } from './supervisor.ts'

const log: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined }
const memoryBytes = 1024 ** 3
let dataDir: string
let engines: Engine[] = []

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'plimsoll-supervisor-'))
})
afterEach(async () => {
  for (const engine of engines) await engine.stop()
  engines = []
  await rm(dataDir, { recursive: true, force: true })
})

function newEngine(): Engine {
  const engine = createEngine({ dataDir, log, memoryBytes })
  engines.push(engine)
  return engine
}

test('kill -9 in mid-insert loses nothing and doubles nothing after the repeat with the same token', async () => {
  const engine = await startTestEngine()
  try {
    await engine.store.command(
      `CREATE TABLE t (id UInt64, day Date) ENGINE = MergeTree PARTITION BY day ORDER BY id
       SETTINGS non_replicated_deduplication_window = 1000`,
    )
    const rows = 60_000
    let kills = 0
    for (let batch = 0; batch < 12; batch += 1) {
      const id = BigUint64Array.from({ length: rows }, (_, row) => BigInt(batch * rows + row))
      const day = Uint16Array.from({ length: rows }, (_, row) => 20_000 + (row % 4))
      const insert = () =>
        engine.store.insertNative(
          't',
          [
            { name: 'id', type: 'UInt64', values: id },
            { name: 'day', type: 'Date', values: day },
          ],
          rows,
          `batch-${batch}`,
        )
      // Every third insert meets a kill, each at another moment of it.
      if (batch % 3 === 1) {
        kills += 1
        setTimeout(() => engine.kill(), 5 + kills * 9)
      }
      await untilStored(insert)
    }
    const counted = await engine.store.query(
      'SELECT toUInt32(count()) AS rows, toUInt32(uniqExact(id)) AS ids FROM t',
    )
    expect(counted).toEqual([{ rows: 12 * rows, ids: 12 * rows }])
    expect(kills).toBe(4)
  } finally {
    await engine.stop()
  }
}, 60_000)

async function untilStored(insert: () => Promise<void>): Promise<void> {
  await expect
    .poll(
      async () => {
        try {
          await insert()
          return 'stored'
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_STORE_AWAY' })
          return 'away'
        }
      },
      { timeout: 20_000, interval: 50 },
    )
    .toBe('stored')
}

test('the engine comes back at its address with its data', async () => {
  const engine = newEngine()
  await engine.start()
  const store = connectStore(engine.address())
  await store.command('CREATE TABLE t (id UInt8) ENGINE = MergeTree ORDER BY id')
  await store.insertJson('t', [{ id: 7 }], 'x')
  engine.kill()
  await expect.poll(() => engine.health().state, { timeout: 5_000 }).toBe('degraded')
  await expect.poll(() => engine.health().state, { timeout: 10_000 }).toBe('ok')
  expect(await store.query('SELECT id FROM t')).toEqual([{ id: 7 }])
  expect(engine.health().metrics['engine_deaths_total']).toBe(1)
  await store.close()
})

test('stop() lets a running insert finish', async () => {
  const engine = newEngine()
  await engine.start()
  const store = connectStore(engine.address())
  await store.command('CREATE TABLE t (id UInt64) ENGINE = MergeTree ORDER BY id')
  const running = store.command('INSERT INTO t SELECT sleepEachRow(0.01) + number FROM numbers(50)')
  await expect
    .poll(() => store.query("SELECT query FROM system.processes WHERE query LIKE 'INSERT%'"))
    .toHaveLength(1)
  await engine.stop()
  await running
  await engine.start()
  const again = connectStore(engine.address())
  expect(await again.query('SELECT toUInt32(count()) AS n FROM t')).toEqual([{ n: 50 }])
  await Promise.all([store.close(), again.close()])
})

test('a second engine on the same folder is refused by name', async () => {
  await newEngine().start()
  await expect(newEngine().start()).rejects.toMatchObject({ code: 'E_DATA_LOCKED' })
}, 30_000)

test('too few threads are refused by name', async () => {
  const before = process.env['UV_THREADPOOL_SIZE']
  process.env['UV_THREADPOOL_SIZE'] = '4'
  try {
    await expect(newEngine().start()).rejects.toMatchObject({ code: 'E_ENGINE_THREADS' })
  } finally {
    if (before === undefined) delete process.env['UV_THREADPOOL_SIZE']
    else process.env['UV_THREADPOOL_SIZE'] = before
  }
})

test('the engine ends when its supervisor is killed', async () => {
  const parentCode = `
    import { createEngine } from ${JSON.stringify(new URL('./supervisor.ts', import.meta.url).href)}
    const log = { info() {}, warn() {}, error() {} }
    const engine = createEngine({ dataDir: ${JSON.stringify(dataDir)}, log, memoryBytes: ${memoryBytes} })
    await engine.start()
    console.log(engine.address().url)
  `
  const parent = spawn(process.execPath, ['--input-type=module', '-e', parentCode], {
    cwd: process.cwd(),
    env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await new Promise<string>((resolve) => {
    parent.stdout.once('data', (text: Buffer) => resolve(text.toString().trim()))
  })
  expect((await fetch(`${url}/ping`)).status).toBe(200)
  parent.kill('SIGKILL')
  await expect
    .poll(
      () =>
        fetch(`${url}/ping`).then(
          (r) => r.status,
          () => 'gone',
        ),
      { timeout: 5_000 },
    )
    .toBe('gone')
  // And the folder is free for the next.
  await newEngine().start()
}, 30_000)
