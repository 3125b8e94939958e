import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { INTENT_STREAM_NAME } from '#schemas/subjects.ts'
import { connectBus } from './connect.ts'
import { openFileIntents } from './file-intents.ts'
import type { IntentBody, IntentStore } from './intents.ts'
import { openJetStreamIntents } from './jetstream-intents.ts'
import { type NatsServer, startNatsServer } from './nats-server.testing.ts'
import { intentStream } from './streams.ts'

let server: NatsServer
let connection: NatsConnection
let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'intents-'))
  server = await startNatsServer()
  connection = await connectBus({ url: server.url, name: 'test' })
})
afterAll(async () => {
  await connection.close()
  await server.stop()
  await rm(directory, { recursive: true })
})

const body = (first: number, shard = 0): IntentBody => ({
  shard,
  epoch: 'e1',
  first,
  last: first + 9,
  leftOut: [first + 1],
})

const FORMS: readonly [string, () => Promise<void>, (shard: number) => Promise<IntentStore>][] = [
  [
    'files',
    () => rm(directory, { recursive: true, force: true }),
    (shard) => openFileIntents({ directory, shard }),
  ],
  [
    'JetStream',
    async () => {
      const manager = await jetstreamManager(connection)
      await manager.streams.delete(INTENT_STREAM_NAME).catch(() => false)
      await manager.streams.add(intentStream())
    },
    (shard) => openJetStreamIntents({ connection, shard }),
  ],
]

describe.each(FORMS)('intents in %s', (_, clear, open) => {
  beforeEach(clear)

  it('are none at first, then the last one written', async () => {
    const store = await open(0)
    expect(await store.last()).toBeNull()
    const first = await store.write(body(1), null)
    const second = await store.write(body(11), first)
    expect(second).toMatchObject(body(11))
    expect(second.revision).toBeGreaterThan(first.revision)
    expect(await store.last()).toEqual(second)
    expect(await (await open(0)).last()).toEqual(second)
  })

  it('a worker that was overtaken is refused, from its first write on', async () => {
    const zombie = await open(0)
    const worker = await open(0)
    const before = await zombie.write(body(1), null)
    let last = await worker.write(body(11), await worker.last())
    await expect(zombie.write(body(11), before)).rejects.toMatchObject({ code: 'E_INTENT_TAKEN' })
    for (let first = 21; first < 400; first += 10) last = await worker.write(body(first), last)
    await expect(zombie.write(body(11), before)).rejects.toMatchObject({ code: 'E_INTENT_TAKEN' })
    await expect(zombie.write(body(1), null)).rejects.toMatchObject({ code: 'E_INTENT_TAKEN' })
    expect(await worker.last()).toEqual(last)
  })

  it('of several writers at once exactly one wins', async () => {
    const stores = await Promise.all([0, 0, 0, 0, 0].map(open))
    const previous = await stores[0]?.write(body(1), null)
    const results = await Promise.allSettled(
      stores.map((store) => store.write(body(11), previous ?? null)),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  })

  it('writing the same again after an unseen end is the same intent', async () => {
    const store = await open(0)
    const first = await store.write(body(1), null)
    const second = await store.write(body(11), first)
    expect(await store.write(body(11), first)).toEqual(second)
    await expect(store.write(body(12), first)).rejects.toMatchObject({ code: 'E_INTENT_TAKEN' })
  })

  it('shards do not see each other', async () => {
    const [zero, one] = [await open(0), await open(1)]
    await zero.write(body(1, 0), null)
    const intent = await one.write(body(5, 1), null)
    expect(await one.last()).toEqual(intent)
    expect((await zero.last())?.first).toBe(1)
  })
})

it('intent files do not pile up', async () => {
  const store = await openFileIntents({ directory, shard: 7 })
  let last = null
  for (let first = 1; first < 400; first += 10) last = await store.write(body(first, 7), last)
  const names = (await readdir(directory)).filter((name) => name.startsWith('intent-7.'))
  expect(names).toHaveLength(16)
})

it('an intent that cannot be understood stops ingest instead of being guessed', async () => {
  const store = await openFileIntents({ directory, shard: 8 })
  await writeFile(join(directory, 'intent-8.1.json'), '{"shard":8')
  await expect(store.last()).rejects.toMatchObject({ code: 'E_INTERNAL' })
})
