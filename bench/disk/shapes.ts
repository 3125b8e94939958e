import { uniform } from '../../demo/fleet/noise.ts'

/** How a fleet's day looks, apart from any device: taken from public traces, or made up in their likeness. */
export interface Shapes {
  /** Where they come from, for the table. */
  readonly origin: string
  /** Runs of a benchmark: power at every 10 s, 0 = idle before the load, 1 = the run's highest. */
  readonly runs: readonly (readonly number[])[]
  /** Whether somebody runs something on a device in a minute of the day. */
  readonly isRunning: (device: number, minute: number) => boolean
  /** Value at a share of the fleet, 0..1, of the quantile function of a metric. */
  readonly level: (metric: LevelMetric, share: number) => number
}

/** Metrics whose distribution over a fleet is public; percent, W or percent of memory. */
export type LevelMetric = 'gpu_util' | 'sm_active' | 'pipe_tensor_active' | 'fb_used' | 'gpu_power'

export const MINUTES_PER_DAY = 1440

/** Share of the fleet at which the middle of a level is flat, and its ends. */
const MADE_UP_LEVELS: Readonly<Record<LevelMetric, readonly number[]>> = {
  gpu_util: [0, 0, 60, 98, 99, 100, 100],
  sm_active: [0, 0, 30, 50, 70, 80, 95],
  pipe_tensor_active: [0, 0, 8, 12, 20, 28, 60],
  fb_used: [0, 1, 30, 60, 75, 90, 97],
  gpu_power: [60, 66, 90, 200, 330, 400, 480],
}

/** Shapes without any traces: the same kinds of movement, none of it measured. */
export function madeUpShapes(seed: number): Shapes {
  const runs = Array.from({ length: 19 }, (_, run) => madeUpRun(seed, run))
  return {
    origin: 'made up (no traces here)',
    runs,
    isRunning(device, minute) {
      const periods = 3 + (device % 5)
      const at = Math.floor((minute * periods) / MINUTES_PER_DAY)
      return uniform(seed, device * 97 + 5, at) < 0.69
    },
    level: (metric, share) => between(MADE_UP_LEVELS[metric], share),
  }
}

/** Half a minute of idling, a ramp, ten to twenty minutes of load with its ripple, and the way down. */
function madeUpRun(seed: number, run: number): number[] {
  const length = 66 + Math.floor(76 * uniform(seed, run, 1))
  const top = 0.92 + 0.06 * uniform(seed, run, 2)
  return Array.from({ length }, (_, i) => {
    const ripple = 0.03 * (uniform(seed, run + 100, i) - 0.5)
    if (i < 3 || i > length - 3) return Math.abs(ripple) / 3
    return Math.round(1e4 * (i < 5 ? top / 2 : top + ripple)) / 1e4
  })
}

/** Linear interpolation in a list that spans 0..1. */
export function between(list: readonly number[], share: number): number {
  const place = Math.min(1, Math.max(0, share)) * (list.length - 1)
  const below = list[Math.floor(place)] ?? 0
  const above = list[Math.ceil(place)] ?? below
  return below + (above - below) * (place % 1)
}
