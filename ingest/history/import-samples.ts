import { BUSY_SOURCES, type BusySource, isMetricName, type MetricName } from '#schemas/metrics.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { deviceId } from '../identity/device-id.ts'
import { FLAG_BUSY_IS_COUNTER } from '../store/whole-numbers.ts'
import { type HistoryFile, historyHash } from './file.ts'
import { type FileResult, type ImportDeps, requireRows } from './import-job.ts'
import { type DeviceWord, storeCapacity, storeDevices } from './known-devices.ts'
import { minutesOf, type SamplesMap } from './map.ts'
import { createPartWriter } from './part-writer.ts'
import { createRefusals } from './refusals.ts'
import { createSampleRows, type SampleKey } from './sample-rows.ts'
import { deviceReadings, type Reading } from './sample-readings.ts'
import type { Span } from './spans.ts'
import { storedParts } from './stored-parts.ts'
import { measuredStep } from './measured-step.ts'

const PART_ROWS = 200_000
/** Devices of one file at most: their words and capacity are kept until its end. */
const DEVICES_MAX = 200_000
/** Changes of a device's place or holder in one file at most. */
const WORDS_MAX = 5_000_000
const WORD = 2n ** 32n

export interface SamplesOptions {
  readonly map: SamplesMap
  /** Name of the data set: part of the keys of devices that have none of their own. */
  readonly dataset: string
  /** Rows of one insert; absent = 200,000. Parts of another size are other parts: it belongs to the file's mark. */
  readonly partRows?: number
  readonly onShare: (share: number) => void
}

/**
 * Stores a file of device samples at their true times, in parts under the file's hash; then who the devices are and
 * their capacity, from the first sample to the end of the last one's time. Throws E_HISTORY_INVALID.
 */
export async function importDeviceSamples(
  deps: ImportDeps,
  file: HistoryFile,
  options: SamplesOptions,
): Promise<FileResult> {
  const { store, clock } = deps
  const { map, dataset, partRows = PART_ROWS } = options
  const metrics = metricsOf(map)
  const step = minutesOf(map.step_ms ?? (await measuredStep(file, map)))
  const hash = await historyHash(file, JSON.stringify([dataset, step, partRows, map]))
  const parts = await storedParts(store, hash, clock)
  const rows = createSampleRows(partRows)
  const busy = busyOf(map, metrics)
  const writer = createPartWriter(store, parts, rows)
  const refusals = createRefusals(file.name)
  const devices = createFileDevices(dataset)
  let taken = 0
  for await (const reading of deviceReadings(file, { ...options, metrics }, refusals)) {
    taken += 1
    const { low, high } = devices.take(reading, step.count * step.stepMs)
    for (let minute = 0; minute < step.count; minute += 1) {
      const atMs = reading.atMs + minute * step.stepMs
      if (rows.isFull(atMs)) await writer.flush()
      rows.add({ low, high, atMs, stepMs: step.stepMs, ...busy })
      for (const [at, metric] of metrics.entries()) {
        const value = reading.values[at] ?? null
        if (value !== null) rows.put(metric, value)
      }
    }
  }
  requireRows(file, taken, refusals)
  await writer.flush()
  const token = `import:${hash}`
  await storeDevices(store, devices.words, token)
  await storeCapacity(store, devices.capacity(), { token, clock })
  return {
    newestMs: parts.newestMs,
    report: {
      file: file.name,
      rows: taken,
      ...writer.totals(step.stepMs),
      devices: devices.count,
      refused: refusals.counts,
      examples: refusals.examples,
    },
  }
}

/** Metrics that a mapping fills, in the order of the values of a reading. */
function metricsOf(map: SamplesMap): MetricName[] {
  const names =
    map.device_columns === undefined ? Object.keys(map.metrics) : [map.device_columns.metric]
  return names.map((name) => {
    if (isMetricName(name)) return name
    throw new PlimsollError(
      'E_HISTORY_INVALID',
      `there is no device metric ${name} (docs/import.md)`,
    )
  })
}

const COUNTERS = {
  gr_engine_active: 'gr_engine_active_ratio',
  gpu_util: 'gpu_util_ratio',
  npu_util: 'npu_util_ratio',
  aicore: 'aicore_ratio',
} as const satisfies Partial<Record<BusySource, MetricName>>

/** Busy is the file's own busy_ratio, else the best counter that the file has. */
function busyOf(
  map: SamplesMap,
  metrics: readonly MetricName[],
): Pick<SampleKey, 'busySource' | 'flags'> {
  if (metrics.includes('busy_ratio'))
    return { busySource: BUSY_SOURCES.indexOf(map.busy_source ?? 'vendor_util'), flags: 0 }
  const counters: Readonly<Partial<Record<BusySource, MetricName>>> = COUNTERS
  const source = BUSY_SOURCES.findIndex((name) => {
    const counter = counters[name]
    return counter !== undefined && metrics.includes(counter)
  })
  return source > 0
    ? { busySource: source, flags: FLAG_BUSY_IS_COUNTER }
    : { busySource: 0, flags: 0 }
}

interface Known {
  readonly key: string
  readonly low: number
  readonly high: number
  dimensions: string
  fromMs: number
  toMs: number
}

/** A name that is a key of its own, as collectors have them. */
const KEYED = /^(uuid|vdie|serial|slot|mig):/

/** The devices of a file: what they were from when on, and their first and last moment. */
function createFileDevices(dataset: string) {
  const known = new Map<string, Known>()
  const words: DeviceWord[] = []
  const meet = (name: string, atMs: number): Known => {
    if (known.size >= DEVICES_MAX)
      throw new PlimsollError('E_HISTORY_INVALID', `more than ${DEVICES_MAX} devices in one file`)
    const key = KEYED.test(name) ? name : `slot:${dataset}/${name}`
    const id = deviceId(key)
    const words32 = { low: Number(id % WORD), high: Number(id / WORD) }
    const device = { key, ...words32, dimensions: '', fromMs: atMs, toMs: atMs }
    known.set(name, device)
    return device
  }
  return {
    words,
    take({ name, atMs, dimensions }: Reading, stepMs: number): Known {
      const device = known.get(name) ?? meet(name, atMs)
      const told = JSON.stringify(dimensions)
      if (told !== device.dimensions) {
        if (words.length >= WORDS_MAX)
          throw new PlimsollError(
            'E_HISTORY_INVALID',
            `devices change more than ${WORDS_MAX} times`,
          )
        words.push({ device: { key: device.key, index: -1, dimensions }, atMs })
        device.dimensions = told
      }
      device.fromMs = Math.min(device.fromMs, atMs)
      device.toMs = Math.max(device.toMs, atMs + stepMs)
      return device
    },
    capacity: (): Map<bigint, readonly Span[]> =>
      new Map(
        [...known.values()].map(({ key, fromMs, toMs }) => [deviceId(key), [{ fromMs, toMs }]]),
      ),
    get count() {
      return known.size
    },
  }
}
