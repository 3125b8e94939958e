/**
 * What a row costs on the wire: bytes of a message and time to encode and decode it, for the shapes that
 * collectors send. Run: `npm run bench -- wire`. Decoding leaves rows as they lie (ingest joins them so);
 * device lists are remembered by both sides, as between two messages of one collector.
 */
import { createBatchDecoder, encodeBatch } from '#schemas/wire.ts'
import { shapeBatch, shapeDevices, SHAPES } from './wire-shapes/shapes.ts'

const T0 = Date.UTC(2026, 4, 1)
const BOOT = '0123456789abcdef0123456789abcdef'
const ROUNDS = 15
/** Rows of one timing. */
const ROWS = 40_000

/** Median of some timings of `repeats` calls, microseconds per call. */
function microseconds(call: () => unknown, repeats: number): number {
  const timings = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint()
    for (let n = 0; n < repeats; n += 1) call()
    return Number(process.hrtime.bigint() - start) / 1000 / repeats
  })
  return timings.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN
}

console.log(`40 metrics a row; Node ${process.version}`)
console.log('| shape | bytes a row | of them head | encode us | decode us | us per row, both |')
console.log('|---|---|---|---|---|---|')
for (const shape of SHAPES) {
  const batch = shapeBatch(
    shape,
    { collector: 'c1', boot: BOOT, seq: 1 },
    shapeDevices(shape, 1),
    T0,
  )
  const empty = {
    ...batch,
    ticks: 0,
    stepMs: 0,
    present: new Uint8Array(),
    busySource: new Uint8Array(),
  }
  const bytes = encodeBatch(batch)
  const head = encodeBatch({ ...empty, columns: [] })
  const rows = shape.devices * shape.ticks
  const repeats = Math.ceil(ROWS / rows)
  const decode = createBatchDecoder()
  const encodeUs = microseconds(() => encodeBatch(batch), repeats)
  const decodeUs = microseconds(() => decode(bytes), repeats)
  const cells = [
    shape.name,
    (bytes.length / rows).toFixed(1),
    (head.length / rows).toFixed(1),
    encodeUs.toFixed(1),
    decodeUs.toFixed(1),
    ((encodeUs + decodeUs) / rows).toFixed(3),
  ]
  console.log(`| ${cells.join(' | ')} |`)
}
