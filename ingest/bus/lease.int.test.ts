import { setTimeout } from 'node:timers/promises'
import type { NatsConnection } from '@nats-io/transport-node'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connectBus } from './connect.ts'
import { openJetStreamLease } from './jetstream-lease.ts'
import { LEASE_SILENT_MS, takeAll } from './lease.ts'
import { type NatsServer, startNatsServer } from './nats-server.testing.ts'
import { ensureStreams } from './streams.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
let server: NatsServer
let connection: NatsConnection
const others: NatsConnection[] = []
beforeAll(async () => {
  server = await startNatsServer()
  connection = await connectBus({ url: server.url, name: 'test' })
  await ensureStreams(connection, { maxAgeMs: 3_600_000, maxBytes: 64 << 20 }, silent)
})
afterAll(async () => {
  for (const other of others) await other.close()
  await connection.close()
  await server.stop()
})

/** As another process sees it: a connection of its own. */
async function open(name: string) {
  const own = await connectBus({ url: server.url, name: 'other' })
  others.push(own)
  return { own, lease: await openJetStreamLease({ connection: own, name }) }
}
const never = new AbortController().signal

it('is held by one; given up, the next takes it at once, with the note of the one before', async () => {
  const [a, b] = [await open('one'), await open('one')]
  expect(await a.lease.look()).toBe(true)
  const held = await a.lease.take()
  expect(held?.isHeld()).toBe(true)
  await held?.write('up to 7')
  expect(await b.lease.look()).toBe(false)
  expect(await b.lease.take()).toBeNull()
  await held?.release()
  expect(held?.isHeld()).toBe(false)
  const [next] = await takeAll([b.lease], never, () => undefined)
  expect(next?.note).toBe('up to 7')
  await next?.release()
})

it('of many who want it at once one gets it', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => open('many')))
  await Promise.all(all.map(({ lease }) => lease.look()))
  const held = (await Promise.all(all.map(({ lease }) => lease.take()))).flatMap((one) => one ?? [])
  expect(held).toHaveLength(1)
  for (const one of held) await one.release()
})

it('a silent holder loses it after its time, and can write nothing any more', async () => {
  const [a, b] = [await open('silent'), await open('silent')]
  await a.lease.look()
  const held = await a.lease.take()
  if (held === null) throw new Error('it was free')
  // As a frozen process: no word leaves it.
  await a.own.close()
  const waited: string[] = []
  const startedMs = performance.now()
  const [next] = await takeAll([b.lease], never, (name) => waited.push(name))
  expect(performance.now() - startedMs).toBeGreaterThan(LEASE_SILENT_MS - 1_000)
  expect(waited).toEqual(['silent'])
  expect(held.isHeld()).toBe(false)
  expect(next?.isHeld()).toBe(true)
  await expect(held.write('late')).rejects.toMatchObject({ code: /E_BUS_AWAY|E_LEASE_LOST/ })
  await next?.release()
}, 20_000)

it('one that was overtaken while it lived is told so, and its word is refused', async () => {
  const [a, b] = [await open('overtaken'), await open('overtaken')]
  await a.lease.look()
  const held = await a.lease.take()
  if (held === null) throw new Error('it was free')
  // Another one that wrongly believes in its right: the lease as it was before `a` took it, given up.
  await held.write('mine')
  await b.lease.look()
  const theirs = await steal(b.own)
  await expect(held.write('still mine')).rejects.toMatchObject({ code: 'E_LEASE_LOST' })
  await held.lost
  expect(held.isHeld()).toBe(false)
  expect(theirs).toBeGreaterThan(0)
})

/** A foreign word, whatever was there. */
async function steal(own: NatsConnection): Promise<number> {
  const word = JSON.stringify({ holder: 'thief', released: false, note: '' })
  const answer = await own.request('lease.v1.overtaken', word)
  const { seq }: { seq: number } = JSON.parse(answer.string())
  return seq
}

it('several are taken all or none', async () => {
  const [x, y] = [await open('x'), await open('y')]
  await y.lease.look()
  const busy = await y.lease.take()
  const both = [x.lease, (await open('y')).lease]
  const stop = new AbortController()
  const waiting = takeAll(both, stop.signal, () => undefined)
  await setTimeout(1_200)
  // The free one was not taken meanwhile.
  const third = await open('x')
  expect(await third.lease.look()).toBe(true)
  await busy?.release()
  const held = await waiting
  expect(held.map((one) => one.isHeld())).toEqual([true, true])
  for (const one of held) await one.release()
})

it('a bus that is gone for a moment costs nobody the lease', async () => {
  const a = await open('restart')
  await a.lease.look()
  const held = await a.lease.take()
  if (held === null) throw new Error('it was free')
  await server.restart()
  await expect
    .poll(
      () =>
        held.write('again').then(
          () => true,
          () => false,
        ),
      { timeout: 15_000 },
    )
    .toBe(true)
  expect(held.isHeld()).toBe(true)
  await held.release()
}, 20_000)
