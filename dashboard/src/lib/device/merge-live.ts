import type { Device } from '#schemas/api.ts'
import type { LiveDevice } from '#lib/state/live.svelte.ts'
import { epochMs } from '#lib/time.ts'

/** A device as loaded, brought up to date by the live stream: newer values, and no longer silent. */
export function mergeLive(device: Device, live: LiveDevice | null): Device {
  if (live === null || live.device_id !== device.device_id) return device
  const isNewer = (epochMs(live.last_sample_at) ?? 0) > (epochMs(device.last_sample_at) ?? 0)
  if (!isNewer) return device
  return {
    ...device,
    state: Object.values(live.latest).some((value) => value !== null) ? 'reporting' : 'failed',
    last_sample_at: live.last_sample_at,
    latest: live.latest,
  }
}
