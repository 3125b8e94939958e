import { BUSY_SOURCES, type BusySource, type MetricValues } from '#schemas/metrics.ts'

/** How long the pinned source must be silent before another takes its place, ms. */
const ABSENT_MS = 180_000
/** How long a better source must speak without a break before it takes over, ms. */
const BETTER_MS = 60_000
const MINUTE_MS = 60_000

const codeOf = (source: BusySource) => BUSY_SOURCES.indexOf(source)

/** The value of one busy source, 0..1, or null. */
export function busyValue(metrics: MetricValues, source: BusySource): number | null {
  // By name each: this runs several times for every row, and a name out of a table costs five times as much.
  switch (source) {
    case 'gr_engine_active':
      return metrics.gr_engine_active_ratio ?? null
    case 'gpu_util':
      return metrics.gpu_util_ratio ?? null
    case 'npu_util':
      return metrics.npu_util_ratio ?? null
    case 'aicore':
      return metrics.aicore_ratio ?? null
    // A source's own `busy_ratio` is the vendor's figure.
    case 'vendor_util':
      return metrics.busy_ratio ?? null
    // What a collector does not measure; `allocation` comes with imported history only.
    default:
      return null
  }
}

/** The best busy source that has a value here (DEFINITIONS 2); `none` without one. */
export function chooseBusy(metrics: MetricValues): BusySource {
  return BUSY_SOURCES.find((source) => busyValue(metrics, source) !== null) ?? 'none'
}

/** Which busy source a device is measured by, and what is needed to decide about a change. */
export interface BusyPin {
  source: BusySource
  /** Start of the minute that was last decided about. */
  minuteMs: number
  /** Last tick with a value of the pinned source. */
  seenMs: number
  /** Tick of the last row. */
  lastMs: number
  /** By code: since when the source had a value in every row; 0 when it had none in the last one. */
  readonly since: number[]
}

export const newPin = (): BusyPin => ({
  source: 'none',
  minuteMs: 0,
  seenMs: 0,
  lastMs: 0,
  since: BUSY_SOURCES.map(() => 0),
})

/** A change of what a device is measured by. */
export interface PinChange {
  readonly from: BusySource
  readonly to: BusySource
}

/**
 * Takes the next row into account, in place. One source per device and minute: a change happens only in the
 * first row of a minute, when the pinned source was silent for three minutes, or a better one spoke in
 * every row of the last whole minute. The first source that ever speaks is pinned at once.
 */
export function updatePin(pin: BusyPin, metrics: MetricValues, tickMs: number): PinChange | null {
  const best = chooseBusy(metrics)
  if (pin.source === 'none') {
    if (best === 'none') return null
    Object.assign(pin, { source: best, minuteMs: floorMinute(tickMs), seenMs: tickMs })
    note(pin, metrics, tickMs)
    return null
  }
  forgetSilence(pin, tickMs)
  const minuteMs = floorMinute(tickMs)
  const to = minuteMs > pin.minuteMs ? successor(pin, best, minuteMs) : pin.source
  pin.minuteMs = minuteMs
  note(pin, metrics, tickMs)
  if (to === pin.source) return null
  const from = pin.source
  pin.source = to
  pin.seenMs = tickMs
  return { from, to }
}

function successor(pin: BusyPin, best: BusySource, minuteMs: number): BusySource {
  const isPresent = (code: number) => (pin.since[code] ?? 0) > 0
  for (let code = 1; code < codeOf(pin.source); code++) {
    const source = BUSY_SOURCES[code]
    if (source !== undefined && isPresent(code) && minuteMs - (pin.since[code] ?? 0) >= BETTER_MS)
      return source
  }
  return minuteMs - pin.seenMs >= ABSENT_MS && best !== 'none' ? best : pin.source
}

/** Time without any row says nothing about one source or the other. */
function forgetSilence(pin: BusyPin, tickMs: number): void {
  const silentMs = tickMs - pin.lastMs
  if (silentMs <= MINUTE_MS) return
  pin.seenMs += silentMs
  pin.since.fill(0)
}

function note(pin: BusyPin, metrics: MetricValues, tickMs: number): void {
  pin.lastMs = tickMs
  for (let code = 1; code < BUSY_SOURCES.length; code++) {
    const source = BUSY_SOURCES[code] ?? 'none'
    const isPresent = busyValue(metrics, source) !== null
    if (!isPresent) pin.since[code] = 0
    else if (pin.since[code] === 0) pin.since[code] = tickMs
    if (isPresent && source === pin.source) pin.seenMs = tickMs
  }
}

const floorMinute = (ms: number) => Math.floor(ms / MINUTE_MS) * MINUTE_MS
