import { expect, it } from 'vitest'
import { memoryLease } from '../ingest/bus/lease.testing.ts'
import type { Role } from '#schemas/role.ts'
import { lazyRole } from './lazy-role.ts'
import { standbyRole } from './standby.ts'

const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }

function worker() {
  const calls: string[] = []
  const role: Role = {
    name: 'ingest',
    start: async () => void calls.push('start'),
    stop: async () => void calls.push('stop'),
    health: () => ({ state: 'ok', detail: 'works', metrics: {} }),
  }
  return { calls, role }
}

function standby(role: Role, lease: ReturnType<typeof memoryLease>) {
  const closed: string[] = []
  const open = async () => ({
    leases: [lease.open()],
    close: async () => void closed.push('closed'),
  })
  return { own: standbyRole(role, { log: silent, open }), closed }
}

it('with its lease free it works when start() resolves, and gives it up when stopped', async () => {
  const lease = memoryLease()
  const { calls, role } = worker()
  const { own, closed } = standby(role, lease)
  await own.start()
  expect([calls, own.health().detail]).toEqual([['start'], 'works'])
  expect(await lease.open().look()).toBe(false)
  await own.stop()
  expect([calls, closed]).toEqual([['start', 'stop'], ['closed']])
  expect(await lease.open().look()).toBe(true)
})

it('with its lease taken it waits as a spare, and takes over when that is free', async () => {
  const lease = memoryLease()
  const held = await lease.open().take()
  const { calls, role } = worker()
  const { own } = standby(role, lease)
  await own.start()
  expect(calls).toEqual([])
  expect(own.health().detail).toContain('spare')
  await held?.release()
  await expect.poll(() => own.health().detail).toBe('works')
  await own.stop()
  expect(calls).toEqual(['start', 'stop'])
})

it('a spare that is stopped while it waits has never worked', async () => {
  const lease = memoryLease()
  await lease.open().take()
  const { calls, role } = worker()
  const { own, closed } = standby(role, lease)
  await own.start()
  await own.stop()
  expect([calls, closed]).toEqual([[], ['closed']])
})

it('a spare that took over and still waits for the store can be stopped', async () => {
  const lease = memoryLease()
  const held = await lease.open().take()
  const { promise, reject } = Promise.withResolvers<void>()
  const calls: string[] = []
  const slow: Role = {
    name: 'ingest',
    async start() {
      calls.push('start')
      await promise
    },
    stop: async () => reject(new Error('stopped')),
    health: () => ({ state: 'ok', detail: '', metrics: {} }),
  }
  const lazy = lazyRole('ingest', async () => ({
    role: slow,
    close: async () => void calls.push('closed'),
  }))
  const { own, closed } = standby(lazy, lease)
  await own.start()
  await held?.release()
  await expect.poll(() => calls).toEqual(['start'])
  await own.stop()
  expect([calls, closed]).toEqual([['start', 'closed'], ['closed']])
  expect(await lease.open().look()).toBe(true)
})

it('when another one has taken over it ends with a reason, so that its process ends', async () => {
  const lease = memoryLease()
  const { role } = worker()
  const { own } = standby(role, lease)
  await own.start()
  lease.steal()
  expect(await own.ended).toMatchObject({ code: 'E_LEASE_LOST' })
  await own.stop()
})

it('what cannot start gives its lease back and says why', async () => {
  const lease = memoryLease()
  const { role } = worker()
  const failing: Role = { ...role, start: () => Promise.reject(new Error('no streams')) }
  const { own, closed } = standby(failing, lease)
  await expect(own.start()).rejects.toThrow('no streams')
  expect(closed).toEqual(['closed'])
  expect(await lease.open().look()).toBe(true)
})
