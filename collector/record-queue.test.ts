import { expect, it } from 'vitest'
import type { BatchRecord, MeterSampleRecord } from '#schemas/records.ts'
import { createRecordQueue } from './record-queue.ts'
import { handTime } from './time.testing.ts'

const WAITING = 16_384

const sample = (meter: string): MeterSampleRecord => ({
  kind: 'meter_sample',
  at_ms: 1_800_000_000_000,
  step_ms: 30_000,
  meter,
  source: 'redfish',
  values: { power_watts: 1 },
})

it('what is read again goes first when too many wait; readings of a file or a push stay', () => {
  const sent: BatchRecord[] = []
  const queue = createRecordQueue(handTime(), (records) => sent.push(...records))
  queue.add(sample('filed'), true)
  for (let at = 0; at < WAITING + 1; at++) queue.add(sample(`read-${at}`))
  expect(queue.dropped()).toBe(2)
  queue.flush()
  const meters = sent.map((one) => (one.kind === 'meter_sample' ? one.meter : ''))
  expect(meters).toHaveLength(WAITING)
  expect(meters.slice(0, 2)).toEqual(['filed', 'read-2'])
})
