import { expect, it } from 'vitest'
import { openDirectLog } from './direct-log.ts'
import { describeLog, outgoing } from './log-suite.testing.ts'
import type { DirectSpool, DirectSpoolRecord } from './log.ts'

/** The spool's interface over an array; collector/spool has its own tests. */
function arraySpool(): DirectSpool {
  const records: DirectSpoolRecord[] = []
  const listeners = new Set<() => void>()
  return {
    id: 'ab'.repeat(16),
    async append(entry) {
      records.push({ ...entry, position: records.length + 1, appendedAtMs: Date.now() })
      for (const listener of listeners) listener()
      return records.length
    },
    readFrom: async (position, max) =>
      records.filter((record) => record.position >= position).slice(0, max),
    first: () => 1,
    last: () => records.length,
    onAppend(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    positionOf: (boot, seq) =>
      records.find((record) => record.boot === boot && record.seq >= seq)?.position ?? null,
  }
}

const open = async () => openDirectLog({ spool: arraySpool(), cluster: 'east', collector: 'c-1' })

describeLog('the direct log', open)

it('closing lets a waiting reader go', async () => {
  const log = await open()
  const waiting = log.read(1, 1, 60_000)
  await log.close()
  expect(await waiting).toEqual([])
})

it('waits where positions skipped ahead and no record is there, instead of asking without a pause', async () => {
  const spool = arraySpool()
  let reads = 0
  const skipped: DirectSpool = {
    ...spool,
    last: () => 100 + spool.last(),
    readFrom: async (_position, max) => {
      reads += 1
      return spool.readFrom(1, max)
    },
  }
  const log = openDirectLog({ spool: skipped, cluster: 'east', collector: 'c-1' })
  const waiting = log.read(5, 1, 60_000)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(reads).toBe(1)
  await log.append(outgoing(1))
  expect(await waiting).toHaveLength(1)
})

it('a collector cannot speak for another', async () => {
  const log = await open()
  const foreign = { ...outgoing(1), subject: 'telemetry.v1.east.c-2' }
  await expect(log.append(foreign)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
})
