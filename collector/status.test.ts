import { expect, test } from 'vitest'
import { BatchRecord } from '#schemas/records.ts'
import { decodeBatch, encodeBatch } from '#schemas/wire.ts'
import { buildRecordBatch } from './batch-build.ts'
import { openSpool } from './spool/spool.ts'
import { memoryFs } from './spool/memory-fs.testing.ts'
import { oldestWaiting, statusRecord } from './status.ts'

const NOW = Date.UTC(2026, 4, 4, 8)
const boot = '07'.repeat(16)
const identity = { cluster: 'c', collector: 'k', boot, simulated: false }

async function spoolWith(records: number) {
  let nowMs = NOW
  const spool = await openSpool({
    directory: '/spool',
    maxBytes: 1 << 20,
    fs: memoryFs(),
    now: () => nowMs,
  })
  for (let seq = 1; seq <= records; seq += 1) {
    await spool.append({
      boot,
      seq,
      kind: 'telemetry',
      fromMs: NOW,
      toMs: NOW,
      payload: new Uint8Array(10),
    })
    nowMs += 1_000
  }
  return spool
}

test('what waits in a spool is what no watermark covers, and its age is that of the oldest of it', async () => {
  const spool = await spoolWith(5)
  expect(spool.stats().unreleasedRecords).toBe(5)
  expect(await oldestWaiting(spool)).toBe(NOW)
  await spool.release({ boot, seq: 3 })
  expect(spool.stats().unreleasedRecords).toBe(2)
  expect(await oldestWaiting(spool)).toBe(NOW + 3_000)
  await spool.release({ boot, seq: 5 })
  expect(spool.stats().unreleasedRecords).toBe(0)
  expect(await oldestWaiting(spool)).toBeNull()
  await spool.close()
})

test('the record passes the contract and the wire, in a message without samples', async () => {
  const spool = await spoolWith(1)
  const record = statusRecord(
    {
      node: 'n1',
      version: '0.3.0',
      everyMs: 60_000,
      startedAtMs: NOW - 1_000,
      watermarkMs: null,
      targets: { ok: 1, failed: 2, absent: 3, rejected: 4 },
      pipeline: { devices: 8, batches: 5, rows: 40, droppedRecords: 0, unannounced: 0 },
      delivery: {
        published: 4,
        refused: 1,
        resent: 0,
        lost: 0,
        inFlight: 0,
        isCaughtUp: false,
      },
      spool: spool.stats(),
      oldestMs: NOW,
    },
    { atMs: NOW, stopping: true },
  )
  expect(BatchRecord.parse(record)).toMatchObject({
    kind: 'collector_status',
    stopping: true,
    watermark_ms: null,
    targets: { ok: 1, failed: 2, absent: 3 },
    spool: { waiting: 1, oldest_ms: NOW, max_bytes: 1 << 20, alarm: '' },
  })
  const decoded = decodeBatch(encodeBatch(buildRecordBatch(identity, 9, NOW, [record])))
  expect(decoded.ok && decoded.batch.records).toEqual([record])
  expect(decoded.ok && decoded.batch.ticks).toBe(0)
  await spool.close()
})
