import { expect, it } from 'vitest'
import { deviceOf } from '../../../testing/stub-devices.ts'
import { mergeLive } from './merge-live.ts'

const now = Date.parse('2026-11-22T00:00:00Z')
const device = deviceOf(41, now)
const live = {
  device_id: device.device_id,
  last_sample_at: new Date(now).toISOString(),
  latest: { busy_ratio: 0.5 },
}

it('a silent device that speaks again is reporting, with its new values', () => {
  expect(device.state).toBe('silent')
  expect(mergeLive(device, live)).toMatchObject({ state: 'reporting', latest: { busy_ratio: 0.5 } })
})

it('a device that can no longer be read is not reporting', () => {
  expect(mergeLive(device, { ...live, latest: {} })).toMatchObject({ state: 'failed', latest: {} })
})

it('an older message, or one of another device, changes nothing', () => {
  expect(mergeLive(device, { ...live, last_sample_at: '2020-01-01T00:00:00Z' })).toBe(device)
  expect(mergeLive(device, { ...live, device_id: '1' })).toBe(device)
  expect(mergeLive(device, null)).toBe(device)
})
