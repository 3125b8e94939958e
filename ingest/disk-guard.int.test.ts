import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createDiskGuard, folderPlace, serverPlace, type DiskGuard } from './disk-guard.ts'
import { startTestEngine } from './engine/engine.testing.ts'
import { createEngine, type Engine } from './engine/supervisor.ts'
import { createIngest, type Ingest } from './ingest.ts'
import { freshStore } from './pipeline.testing.ts'
import { migrate } from './store/migrate.ts'
import { connectStore, type Store } from './store/store.ts'
import {
  asMessage,
  memoryHandle,
  type MemoryHandle,
  newBoot,
  silent,
  testBatch,
  testDevice,
  until,
} from './worker/ingest.testing.ts'

/** A real engine on a file system of its own that is really full. */

const T0 = Date.UTC(2026, 4, 1, 10)
const DISK_MIB = 96
const mountable = canMount()

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' })
    execFileSync('umount', [folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

// Where nobody may mount, disk-guard.test.ts holds the same rules with an injected file system.
const onSmallDisk = mountable ? describe : describeNothing

/** Registers no test, and says so: a skip would count as one that hides work. */
function describeNothing(name: string): void {
  console.warn(`NOT RUN HERE, no right to mount a file system: ${name}`)
  it('the disk of this machine is measured, and judged by how full it is', async () => {
    const place = folderPlace('the temporary folder', tmpdir())
    const [space] = await place.measure()
    const used = space?.usedBytes ?? 0
    const ratio = used / (used + (space?.freeBytes ?? 0))
    const guard = createDiskGuard({ places: [place], log: silent })
    await guard.look()
    expect(ratio).toBeGreaterThan(0)
    expect(guard.hasRoom()).toBe(ratio < 0.95)
  })
}

onSmallDisk('a small disk', () => {
  let folder: string
  let engine: Engine
  let store: Store
  let handle: MemoryHandle
  let ingest: Ingest | null = null
  const boot = newBoot()
  let sent = 0
  const ballast = () => join(folder, 'ballast')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plimsoll-disk-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', folder])
    engine = createEngine({ dataDir: join(folder, 'engine'), log: silent, memoryBytes: 1 << 30 })
    await engine.start()
    const connection = { ...engine.address(), database: 'plimsoll' }
    await migrate({ connection, profile: { kind: 'single' }, log: silent })
    store = connectStore(connection)
    handle = memoryHandle()
  })
  afterEach(async () => {
    await ingest?.stop()
    ingest = null
    await rm(ballast(), { force: true })
  })
  afterAll(async () => {
    await store.close()
    await engine.stop()
    execFileSync('umount', ['-l', folder])
    await rm(folder, { recursive: true, force: true })
  })

  const start = async (disk?: DiskGuard) => {
    ingest = createIngest({
      store,
      shards: [handle],
      log: silent,
      clock: () => T0 + 600_000 + Math.floor(performance.now()),
      sleep: (_, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) reject(new Error('stopped'))
          else setTimeout(resolve, 20)
        }),
      options: { settles: false, shard: { waitMs: 5 } },
      ...(disk === undefined ? {} : { disk }),
    })
    await ingest.start()
    return ingest
  }
  /** One message of 6 ticks of 200 devices with values that do not compress. */
  const send = () => {
    const devices = Array.from({ length: 200 }, (_, index) => testDevice(`d${index}`))
    const ticks = [...Array(6).keys()]
    const busy = ticks.map(() => devices.map(() => Math.random()))
    const power = ticks.map(() => devices.map(() => Math.random() * 1e3))
    const cells = { busy_ratio: busy, power_watts: power }
    const t0Ms = T0 + sent * 60_000
    sent += 1
    handle.log.add(asMessage(testBatch({ boot, seq: sent, t0Ms, devices, cells })))
  }
  const space = async () => {
    const [found] = await folderPlace('disk', folder).measure()
    return found ?? { usedBytes: 0, freeBytes: 0 }
  }
  /** Leaves this much of the disk. */
  const fillUpTo = async (leftBytes: number) => {
    const { freeBytes } = await space()
    const write = writeFile(ballast(), new Uint8Array(Math.max(0, freeBytes - leftBytes)))
    // The engine may have been quicker: then it is as full as it gets.
    await write.catch((error: unknown) => {
      if (!String(error).includes('ENOSPC')) throw error
    })
  }
  const stored = async () => {
    const [row] = await store.query(
      'SELECT toUInt32(count()) AS total, toUInt32(uniqExact(device_id, ts)) AS different FROM samples',
    )
    return row
  }
  const allOnce = () => ({ total: sent * 1200, different: sent * 1200 })
  const position = () => ingest?.shardStatus()[0]?.storedPosition ?? 0

  it('that is nearly full stops ingest, which takes nothing, answers on, and goes on when there is room', async () => {
    const places = [folderPlace('the disk', folder), serverPlace(store)]
    const own = await start(createDiskGuard({ places, log: silent }))
    send()
    await until('the first message', () => position() === 1)
    expect(own.health()).toMatchObject({ state: 'ok', metrics: { ingest_disk_stopped: 0 } })
    await fillUpTo((DISK_MIB << 20) * 0.03)
    await until('the guard', () => own.status().disk?.state === 'stopped')
    expect(own.health()).toMatchObject({ state: 'degraded', metrics: { ingest_disk_stopped: 1 } })
    expect(own.health().detail).toMatch(/ is 9\d(\.\d)? % full: ingest takes no messages until/)
    // The one it may have been waiting in a read for.
    await new Promise((resolve) => setTimeout(resolve, 300))
    send()
    send()
    await until('the lag', () => own.status().lag_messages === 2)
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect([position(), await stored()]).toEqual([1, { total: 1200, different: 1200 }])
    await rm(ballast())
    await until('the rest', () => position() === 3)
    expect(own.health().state).toBe('ok')
    expect(await stored()).toEqual(allOnce())
  })

  it('that is full in the middle of an insert loses nothing and doubles nothing', async () => {
    const own = await start()
    for (const leftBytes of [0, 40_000, 200_000]) {
      await fillUpTo(leftBytes)
      const before = position()
      for (let count = 0; count < 60; count += 1) send()
      await until('an insert to fail', () => own.health().state === 'degraded')
      expect(own.health().detail).toMatch(/no space|not enough space|cannot reserve/i)
      expect(position()).toBeLessThan(sent)
      await rm(ballast())
      await until('everything', () => position() === sent)
      expect(position()).toBeGreaterThan(before)
      expect(await stored()).toEqual(allOnce())
    }
    expect(engine.health().state).toBe('ok')
  })

  it('that was full when the process ended: the next one repeats the intent', async () => {
    await start()
    await fillUpTo(0)
    for (let count = 0; count < 5; count += 1) send()
    await until('an insert to fail', () => ingest?.health().state === 'degraded')
    await ingest?.stop()
    const restarted = start()
    await rm(ballast())
    await restarted
    await until('everything', () => position() === sent)
    expect(await stored()).toEqual(allOnce())
  })
})

describe('a disk that only says it is nearly full', () => {
  it('keeps messages in the log, settled and unsettled figures where they are, and lets go when there is room', async () => {
    const own = await startTestEngine()
    const store = await freshStore(own)
    const handle = memoryHandle()
    let bavail = 4
    const read = async () => ({ bsize: 4096, blocks: 100, bfree: bavail, bavail })
    const guard = createDiskGuard({
      places: [folderPlace('the disk', '/', read)],
      log: silent,
    })
    const ingest = createIngest({
      store,
      shards: [handle],
      log: silent,
      disk: guard,
      sleep: (_, signal) =>
        new Promise((resolve, reject) => {
          if (signal.aborted) reject(new Error('stopped'))
          else setTimeout(resolve, 5)
        }),
      options: { settles: false, shard: { waitMs: 5 } },
    })
    await ingest.start()
    const cells = { busy_ratio: [[0.5]] }
    const t0Ms = Math.floor(Date.now() / 10_000) * 10_000
    const boot = newBoot()
    handle.log.add(asMessage(testBatch({ boot, seq: 1, t0Ms, devices: [testDevice('d')], cells })))
    await until('the lag', () => ingest.status().lag_messages === 1)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await store.query('SELECT 1 FROM samples')).toEqual([])
    expect(ingest.health()).toMatchObject({ state: 'degraded' })
    expect(handle.heard.watermarks).toEqual([])
    bavail = 8
    await until('the message', () => ingest.shardStatus()[0]?.storedPosition === 1)
    expect(await store.query('SELECT 1 FROM samples')).toHaveLength(1)
    expect(ingest.status().disk?.state).toBe('warning')
    await ingest.stop()
    await store.close()
    await own.stop()
  })
})
