import { type ByteWriter, byteWriter, varintBytes } from './bytes.ts'
import { checkObject, type PeerBlock, type PeerObject } from './samples.ts'

/**
 * Prometheus remote write 1.0: a protobuf `WriteRequest` in one snappy block. The block is one literal, which is valid
 * and the cheapest there is to decode: our encoder is in nobody's way. Field numbers: prometheus/prompb/remote.proto
 * and types.proto.
 */

const FIELD_1 = (1 << 3) | 2
const FIELD_2 = (2 << 3) | 2
const SAMPLE_VALUE = (1 << 3) | 1
const SAMPLE_TIME = 2 << 3
/** Snappy: a literal whose length - 1 follows in four bytes. */
const LITERAL_4 = 63 << 2

const nameLabels = new Map<string, Uint8Array>()
const objectLabels = new WeakMap<PeerObject, Uint8Array>()

/** A block as the body of a remote write request: one series with all its instants per object and metric. */
export function remoteWrite(block: PeerBlock): Uint8Array {
  const message = byteWriter()
  for (const { object, values } of block.rows) {
    const labels = labelsOf(object)
    object.metrics.forEach((name, metric) => {
      writeSeries(message, [nameLabel(name), labels], block.timesMs, (tick) =>
        valueAt(values, tick * object.metrics.length + metric),
      )
    })
  }
  return snappyLiteral(message.take())
}

const valueAt = (values: Float64Array, position: number) => values[position] ?? Number.NaN

function writeSeries(
  message: ByteWriter,
  labels: readonly Uint8Array[],
  timesMs: readonly number[],
  value: (tick: number) => number,
): void {
  let bytes = labels.reduce((total, label) => total + label.length, 0)
  let samples = 0
  timesMs.forEach((timeMs, tick) => {
    if (Number.isNaN(value(tick))) return
    bytes += 2 + sampleBytes(timeMs)
    samples++
  })
  if (samples === 0) return
  message.byte(FIELD_1)
  message.varint(bytes)
  for (const label of labels) message.raw(label)
  timesMs.forEach((timeMs, tick) => {
    const now = value(tick)
    if (Number.isNaN(now)) return
    message.byte(FIELD_2)
    message.varint(sampleBytes(timeMs))
    message.byte(SAMPLE_VALUE)
    message.float64LE(now)
    message.byte(SAMPLE_TIME)
    message.varint(timeMs)
  })
}

const sampleBytes = (timeMs: number) => 1 + 8 + 1 + varintBytes(timeMs)

function nameLabel(name: string): Uint8Array {
  const known = nameLabels.get(name)
  if (known !== undefined) return known
  const label = encodeLabel('__name__', name)
  nameLabels.set(name, label)
  return label
}

/** Labels in the order of their names, as the protocol demands; `__name__` goes before every small letter. */
function labelsOf(object: PeerObject): Uint8Array {
  const known = objectLabels.get(object)
  if (known !== undefined) return known
  checkObject(object)
  const entries = Object.entries(object.labels).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const labels = Buffer.concat(entries.map(([name, value]) => encodeLabel(name, value)))
  objectLabels.set(object, labels)
  return labels
}

function encodeLabel(name: string, value: string): Uint8Array {
  const pair = byteWriter()
  for (const [field, text] of [
    [FIELD_1, name],
    [FIELD_2, value],
  ] as const) {
    pair.byte(field)
    pair.varint(Buffer.byteLength(text))
    pair.raw(Buffer.from(text))
  }
  const label = byteWriter()
  label.byte(FIELD_1)
  label.varint(pair.length())
  label.raw(pair.take())
  return label.take()
}

/** Bytes as a snappy block of one literal. */
export function snappyLiteral(bytes: Uint8Array): Uint8Array {
  const block = byteWriter()
  block.varint(bytes.length)
  if (bytes.length > 0) {
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length - 1)
    block.byte(LITERAL_4)
    block.raw(length)
    block.raw(bytes)
  }
  return block.take()
}
