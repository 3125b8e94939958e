import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ControlState, ControlStore, PauseOrder } from '#schemas/control.ts'
import { connectBus } from './connect.ts'
import { repeatControl, sayOverNats } from './control-sender.ts'
import { openJetStreamControl } from './control-store.ts'
import { openFileControl } from './file-control.ts'
import { startNatsServer } from './nats-server.testing.ts'
import { openNatsPublisher } from './publisher.ts'
import { ensureStreams } from './streams.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
const order = (id: number, until_ms = 2000): PauseOrder => ({
  id: String(id).padStart(16, '0'),
  source: 'npu-smi',
  nodes: '*',
  cluster: '*',
  from_ms: 0,
  until_ms,
  reason: 'test',
  who: 'alice',
})

interface World {
  open(): Promise<ControlStore>
  close(): Promise<void>
}

async function files(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'plimsoll-control-'))
  const store = openFileControl({ path: join(directory, 'control.json'), now: () => 1000 })
  return { open: async () => store, close: () => rm(directory, { recursive: true }) }
}

async function bus(): Promise<World & { url: string }> {
  const server = await startNatsServer()
  const connection = await connectBus({ url: server.url, name: 'test' })
  await ensureStreams(connection, { maxAgeMs: 3_600_000, maxBytes: 1 << 26 }, silent)
  return {
    url: server.url,
    open: () => openJetStreamControl({ connection, now: () => 1000 }),
    async close() {
      await connection.close()
      await server.stop()
    },
  }
}

describe.each([
  ['a file', files],
  ['JetStream', bus],
])('orders kept in %s', (_name, start) => {
  it('are empty at first, keep every change of two people at once, and lose what has ended', async () => {
    const world = await start()
    try {
      const [a, b] = [await world.open(), await world.open()]
      expect(await a.read()).toEqual({ v: 1, revision: 0, pauses: [] })
      await Promise.all([
        a.change((pauses) => [...pauses, order(1)]),
        b.change((pauses) => [...pauses, order(2)]),
        a.change((pauses) => [...pauses, order(3, 999)]),
      ])
      const state = await b.read()
      expect(state.revision).toBe(3)
      expect(new Set(state.pauses.map(({ id }) => Number(id)))).toEqual(new Set([1, 2]))
    } finally {
      await world.close()
    }
  })

  it('are not taken beyond the limit', async () => {
    const world = await start()
    try {
      const store = await world.open()
      const many = Array.from({ length: 257 }, (_, id) => order(id))
      await expect(store.change(() => many)).rejects.toMatchObject({ code: 'E_BAD_REQUEST' })
      expect((await store.read()).pauses).toEqual([])
    } finally {
      await world.close()
    }
  })
})

it('a file that was cut reads as no orders, and the next order is kept again', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'plimsoll-control-'))
  const path = join(directory, 'control.json')
  await writeFile(path, '{"v":1,"revi')
  const store = openFileControl({ path, now: () => 1000 })
  expect((await store.read()).pauses).toEqual([])
  await store.change(() => [order(1)])
  expect((await store.read()).pauses).toHaveLength(1)
  await rm(directory, { recursive: true })
})

it('reach a collector over the bus, also one that comes later', async () => {
  const world = await bus()
  const connection = await connectBus({ url: world.url, name: 'ingest' })
  try {
    const store = await world.open()
    await store.change(() => [order(1)])
    const say = sayOverNats(connection)
    const end = repeatControl({ store, say, logger: silent, repeatMs: 50 })
    const publisher = openNatsPublisher({
      connect: { url: world.url },
      cluster: 'east',
      collector: 'c-1',
      logger: silent,
    })
    const heard = await new Promise<ControlState>((resolve) => void publisher.onControl(resolve))
    expect(heard.pauses).toEqual([order(1)])
    end()
    await publisher.close()
  } finally {
    await connection.close()
    await world.close()
  }
})
