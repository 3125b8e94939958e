import { expect, it } from 'vitest'
import { memoryLease } from '../bus/lease.testing.ts'
import { leaseFence } from './fence.ts'
import { joined } from './observe.ts'

async function take(lease: ReturnType<typeof memoryLease>) {
  const held = await lease.open().take()
  if (held === null) throw new Error('it was free')
  return held
}

it('the next process begins above every revision that the one before had begun', async () => {
  const lease = memoryLease()
  const first = await take(lease)
  const fence = leaseFence(first)
  expect(fence.floor('1m')).toBe(1)
  await fence.reserve('1m', 3)
  await fence.reserve('1m', 1)
  await fence.reserve('1h', 2)
  // Its own revisions do not push it up.
  expect(fence.floor('1m')).toBe(1)
  lease.steal()
  const next = leaseFence(await take(lease))
  expect([next.floor('1m'), next.floor('1h'), next.floor('1d')]).toEqual([4, 3, 1])
  // Whoever lost the lease begins nothing any more.
  await expect(fence.reserve('1m', 9)).rejects.toThrow('E_LEASE_LOST')
})

it('times that touch are looked at once', () => {
  const row = (from_ms: number, to_ms: number) => ({ from_ms, to_ms })
  expect(joined([row(60, 120), row(0, 60), row(300, 360), row(70, 90)])).toEqual([
    { fromMs: 0, toMs: 120 },
    { fromMs: 300, toMs: 360 },
  ])
  expect(joined([])).toEqual([])
})
