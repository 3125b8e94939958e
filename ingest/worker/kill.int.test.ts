import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestEngine, type TestEngine } from '../engine/engine.testing.ts'
import { appendToFileLog } from './file-log.testing.ts'
import { asMessage, newBoot, testBatch, testDevice, until } from './ingest.testing.ts'

const WORKER = fileURLToPath(new URL('./killed-worker.testing.ts', import.meta.url))
const T0 = Date.UTC(2026, 4, 1, 23, 30)
const KILLS = 12
const MESSAGES = 600
const DEVICES = 8

let engine: TestEngine
let folder: string
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-kill-'))
})
afterAll(async () => {
  await engine.stop()
  await rm(folder, { recursive: true, force: true })
})

async function startWorker(): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    [WORKER, folder, engine.url, engine.user, engine.database],
    {
      env: { ...process.env, STORE_PASSWORD: engine.password },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  await once(child.stdout, 'data')
  return child
}

/** kill -9, and not before the process is gone: one shard has one worker. */
async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

it(`stores every row once through ${KILLS} kill -9 of the worker and one of the engine`, async () => {
  const boot = newBoot()
  const devices = Array.from({ length: DEVICES }, (_, index) => testDevice(`d${index}`))
  const cells = { busy_ratio: [Array.from({ length: DEVICES }, (_, index) => index / DEVICES)] }
  // Half an hour to either side of midnight: inserts of two partitions.
  const messages = Array.from({ length: MESSAGES }, (_, index) =>
    asMessage(
      testBatch({ boot, seq: index + 1, t0Ms: T0 + index * 6_000, stepMs: 6_000, devices, cells }),
    ),
  )
  const number = async (sql: string) => {
    // The engine may be on its way back.
    const rows: unknown[] = []
    await until('the engine', async () => {
      rows.push(...(await engine.store.query(`SELECT toUInt32(${sql}`).catch(() => [])))
      return rows.length > 0
    })
    const [row] = rows
    const [value] = typeof row === 'object' && row !== null ? Object.values(row) : []
    return Number(value)
  }
  const path = join(folder, 'log')
  const share = Math.ceil(MESSAGES / KILLS)
  let seed = 12345
  const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31
  for (let round = 0; round < KILLS; round += 1) {
    // Some messages twice, as a collector sends them whose acknowledgement was lost.
    const part = messages.slice(round * share, (round + 1) * share)
    await appendToFileLog(path, [...part, ...part.slice(0, 5)])
    const child = await startWorker()
    if (round === 5) engine.kill()
    await new Promise((resolve) => setTimeout(resolve, Math.round(random() * 120)))
    await kill(child)
  }
  const last = await startWorker()
  await until(
    'all batches',
    async () => (await number('sum(row_count)) FROM batches')) >= MESSAGES * DEVICES,
  )
  await kill(last)
  const rows = await engine.store.query(
    'SELECT toUInt32(count()) AS total, toUInt32(uniqExact(device_id, ts)) AS different FROM samples',
  )
  expect(rows).toEqual([{ total: MESSAGES * DEVICES, different: MESSAGES * DEVICES }])
  const ranges = await engine.store.query(
    'SELECT toUInt32(sum(last_seq - first_seq + 1)) AS n, toUInt32(sum(row_count)) AS samples FROM batches',
  )
  expect(ranges).toEqual([{ n: MESSAGES, samples: MESSAGES * DEVICES }])
}, 60_000)
