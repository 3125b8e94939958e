import { type Interpretation, type MeterReading, type Unread, unread } from '#schemas/reading.ts'
import { createRejections, type Rejections } from '../../formats/rejections.ts'
import { wordsOf } from './decode.ts'
import { FAILURES, noCapture } from './faults.ts'
import { type Refusal, valuesOf, type WordsOf } from './map.ts'
import { looksLikeCapture, parseCapture, type RegisterCapture } from './parse.ts'
import type { RegisterMap } from './register-map.ts'

export const SOURCE_NAME = 'modbus'

/** How surely these bytes are a capture of registers. */
export const recognizeCapture = (bytes: Uint8Array): number => (looksLikeCapture(bytes) ? 0.95 : 0)

/** The meters in a capture of registers. Never throws. */
export function interpretCapture(
  bytes: Uint8Array,
  builtIn: readonly RegisterMap[],
): Interpretation {
  const capture = parseCapture(bytes, builtIn)
  if (typeof capture === 'string') return unread(SOURCE_NAME, noCapture(capture))
  const rejections = createRejections<Refusal>()
  const values = valuesOf(capture.map.points, wordsIn(capture), rejections)
  return reading(capture.map, values.map(meterReading), rejections)
}

/** One part of a device as a reading; the target names the device. */
export const meterReading = ({
  point,
  metrics,
}: Pick<MeterReading, 'point' | 'metrics'>): MeterReading => ({ meter: null, point, metrics })

const wordsIn =
  ({ runs, unitId }: RegisterCapture): WordsOf =>
  (point) => {
    const unit = point.unitId ?? unitId
    const end = point.address + wordsOf(point.type)
    const run = runs.find(
      ({ range }) =>
        range.unit === unit &&
        range.function === point.function &&
        range.address <= point.address &&
        range.address + range.count >= end,
    )
    if (run === undefined) return null
    return run.values.slice(point.address - run.range.address, end - run.range.address)
  }

/** What a read gave: ok with at least one value, else `failure` says why not. */
export function reading(
  map: RegisterMap,
  meters: readonly MeterReading[],
  rejections: Rejections<Refusal>,
  failure: Unread = FAILURES.no_values,
): Interpretation {
  const found = { ...unread(SOURCE_NAME, failure), ...refusedOf(rejections) }
  const toolLabels = { map: map.name }
  if (meters.length === 0) return { ...found, toolLabels }
  return { ...found, outcome: 'ok', reason: null, detail: null, meters, toolLabels }
}

const refusedOf = (rejections: Rejections<Refusal>) => ({
  rejected: rejections.examples(),
  rejectedByReason: rejections.byReason(),
})
