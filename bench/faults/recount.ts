/**
 * Settled minutes counted again from raw rows, by DEFINITIONS section 1 and without the store: integers in
 * milliseconds, of two samples in a cell the first in the log, two empty cells bridged.
 */

export interface RawSample {
  readonly device: string
  readonly atMs: number
  readonly stepMs: number
  readonly position: number
  readonly busySource: number
  /** 32-bit floats, null where the device did not say. */
  readonly busy: number | null
  readonly power: number | null
}

export interface CapacitySpan {
  readonly device: string
  readonly fromMs: number
  readonly toMs: number
}

/** Sums of one device in one minute. */
export interface MinuteSums {
  readonly capacity: number
  readonly known: number
  readonly busy: number
  readonly powerKnown: number
  readonly power: number
}

const MINUTE_MS = 60_000

/** Sums of [fromMs, toMs), both whole minutes, by `minute device`. */
export function recount(
  samples: readonly RawSample[],
  capacity: readonly CapacitySpan[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Map<string, MinuteSums> {
  const sums = new Map<string, { -readonly [Field in keyof MinuteSums]: MinuteSums[Field] }>()
  const of = (minuteMs: number, device: string) => {
    const key = `${minuteMs} ${device}`
    const known = sums.get(key)
    if (known !== undefined) return known
    const fresh = { capacity: 0, known: 0, busy: 0, powerKnown: 0, power: 0 }
    sums.set(key, fresh)
    return fresh
  }
  const cells = cellsByDevice(samples)
  for (const span of capacity) {
    const window = { fromMs: Math.max(span.fromMs, fromMs), toMs: Math.min(span.toMs, toMs) }
    for (const piece of minutesOf(window)) of(piece.minuteMs, span.device).capacity += piece.ms
    for (const { sample, ...spoken } of cells.get(span.device) ?? []) {
      const part = {
        fromMs: Math.max(spoken.fromMs, window.fromMs),
        toMs: Math.min(spoken.toMs, window.toMs),
      }
      for (const { minuteMs, ms } of minutesOf(part)) {
        const sum = of(minuteMs, span.device)
        if (sample.busy !== null) {
          sum.known += ms
          sum.busy += Math.floor((Math.round(sample.busy * 1e6) * ms) / 1000)
        }
        if (sample.power !== null) {
          sum.powerKnown += ms
          sum.power += Math.round(sample.power * 1000) * ms
        }
      }
    }
  }
  return sums
}

interface Spoken {
  readonly sample: RawSample
  readonly fromMs: number
  readonly toMs: number
}

/** What each cell's first sample speaks for. */
function cellsByDevice(samples: readonly RawSample[]): Map<string, Spoken[]> {
  const devices = new Map<string, Map<number, RawSample>>()
  for (const sample of samples.toSorted(inLog)) {
    const cells = devices.get(sample.device) ?? new Map<number, RawSample>()
    devices.set(sample.device, cells)
    const cellMs = Math.floor(sample.atMs / sample.stepMs) * sample.stepMs
    if (!cells.has(cellMs)) cells.set(cellMs, sample)
  }
  return new Map(
    [...devices].map(([device, cells]) => {
      const starts = [...cells].toSorted(([a], [b]) => a - b)
      const spoken = starts.map(([fromMs, sample], index) => {
        const next = starts[index + 1]?.[0] ?? Infinity
        return { sample, fromMs, toMs: Math.min(fromMs + 3 * sample.stepMs, next) }
      })
      return [device, spoken]
    }),
  )
}

/** Place in the log; after a log was made anew two samples may have the same. */
const inLog = (a: RawSample, b: RawSample) =>
  a.position - b.position ||
  a.atMs - b.atMs ||
  a.busySource - b.busySource ||
  (a.busy ?? Infinity) - (b.busy ?? Infinity)

function* minutesOf({ fromMs, toMs }: { fromMs: number; toMs: number }) {
  for (let at = fromMs; at < toMs;) {
    const minuteMs = Math.floor(at / MINUTE_MS) * MINUTE_MS
    const end = Math.min(toMs, minuteMs + MINUTE_MS)
    yield { minuteMs, ms: end - at }
    at = end
  }
}

/** Where two countings differ, one sentence each. */
export function compareMinutes(
  settled: ReadonlyMap<string, MinuteSums>,
  counted: ReadonlyMap<string, MinuteSums>,
): string[] {
  const names = new Set([...settled.keys(), ...counted.keys()])
  return [...names].flatMap((name) => {
    const [a, b] = [settled.get(name), counted.get(name)]
    if (a === undefined) return [`minute ${name}: not settled`]
    if (b === undefined) return [`minute ${name}: settled without capacity`]
    const fields = ['capacity', 'known', 'busy', 'powerKnown', 'power'] as const
    return fields
      .filter((field) => a[field] !== b[field])
      .map((field) => `minute ${name}: ${field} is settled as ${a[field]}, counted as ${b[field]}`)
  })
}
