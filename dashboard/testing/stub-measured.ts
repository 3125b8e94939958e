import { MeasuredAnswer } from '#schemas/api-measured.ts'
import { frame, windowOf } from './stub-answer.ts'
import { groupsBy, MINUTE_MS } from './stub-fleet.ts'

/** TEST ONLY. How a made-up group is measured: three in four devices by the engine, the others by AI Core figures. */
export function measuredAt(query: URLSearchParams, nowMs: number): unknown {
  const { fromMs, toMs } = windowOf(query, nowMs)
  const [group] = groupsBy('', toMs - MINUTE_MS, nowMs)
  if (group === undefined) return null
  const { utilization, util_lo, util_hi, coverage } = group
  const known = group.known_device_seconds
  const readMs = Math.floor(toMs / MINUTE_MS) * MINUTE_MS - 2 * MINUTE_MS
  const counter = (metric: string, devices: number, spread: readonly number[], busy = 0) => ({
    metric,
    devices,
    busy_devices: busy,
    p10: spread[0],
    p50: spread[1],
    p90: spread[2],
  })
  return MeasuredAnswer.parse({
    ...frame(fromMs, toMs, nowMs),
    devices: 2048,
    utilization,
    util_lo,
    util_hi,
    coverage,
    tiers: {
      allocated: { value: 0.91, coverage: 0.985 },
      busy: { value: utilization, coverage },
      active: { value: 0.402, coverage: 0.912 },
      effective: { value: 0.231, coverage: 0.713 },
    },
    sources: [
      source('gr_engine_active', { share: 0.703, utilization: 0.684, devices: 1472 }, known),
      source('npu_util', { share: 0.206, utilization: 0.655, devices: 384 }, known),
      source('gpu_util', { share: 0.079, utilization: 0.951, devices: 165 }, known),
      source('none', { share: 0.012, utilization: 0, devices: 27 }, known),
    ],
    read_from: new Date(readMs - 5 * MINUTE_MS).toISOString(),
    read_to: new Date(readMs).toISOString(),
    read_devices: 2048,
    counters: [
      counter('gpu_util_ratio', 1637, [0.71, 0.98, 1], 165),
      counter('npu_util_ratio', 384, [0.41, 0.67, 0.88], 384),
      counter('gr_engine_active_ratio', 1472, [0.33, 0.72, 0.97], 1472),
      counter('aicore_ratio', 384, [0.3, 0.52, 0.74]),
      counter('sm_active_ratio', 1472, [0.12, 0.43, 0.66]),
      counter('memory_bandwidth_active_ratio', 1472, [0.05, 0.31, 0.58]),
      counter('tensor_active_ratio', 1472, [0.02, 0.14, 0.35]),
    ],
  })
}

const source = (
  name: string,
  told: { readonly share: number; readonly utilization: number; readonly devices: number },
  known: number,
) => ({ source: name, known_device_seconds: known * told.share, ...told })
