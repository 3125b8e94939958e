import { afterAll, beforeAll, expect, it } from 'vitest'
import { type TestEngine, startTestEngine } from '../../ingest/engine/engine.testing.ts'
import { deviceId } from '../../ingest/identity/device-id.ts'
import { followRenamed } from './renamed.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine({ migrated: true })
}, 60_000)
afterAll(() => engine.stop())

it('knows the keys that are not named by themselves, and no others', async () => {
  const slot = deviceId('slot:east/n1/0/0')
  const at = '2026-05-04 08:00:00.000'
  const later = '2026-05-04 09:00:00.000'
  await engine.store.insertJson(
    'device_aliases',
    [
      { key: 'slot:east/n1/0/0', device_id: String(slot), at },
      { key: 'serial:A', device_id: String(slot), at },
      { key: 'uuid:GPU-1', device_id: String(deviceId('uuid:GPU-1')), at },
      // Another one sits there now.
      { key: 'slot:east/n2/0/0', device_id: String(deviceId('slot:east/n2/0/0')), at },
      { key: 'slot:east/n2/0/0', device_id: String(deviceId('serial:B')), at: later },
    ],
    'test',
  )
  const renamed = followRenamed(engine.reader)
  await expect.poll(() => renamed.deviceOf('serial:A'), { timeout: 10_000 }).toBe(String(slot))
  expect(renamed.deviceOf('slot:east/n2/0/0')).toBe(String(deviceId('serial:B')))
  expect(renamed.deviceOf('slot:east/n1/0/0')).toBeNull()
  expect(renamed.deviceOf('uuid:GPU-1')).toBeNull()
  renamed.stop()
})
