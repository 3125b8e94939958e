import { isNodeMetricName } from '#schemas/node-metrics.ts'
import { PlimsollError } from '#schemas/errors.ts'
import { type HistoryFile, historyHash } from './file.ts'
import { type FileResult, type ImportDeps, requireRows } from './import-job.ts'
import type { SamplesOptions } from './import-samples.ts'
import { measuredStep } from './measured-step.ts'
import { nodeColumns, type NodeRow } from './node-rows.ts'
import { createRefusals } from './refusals.ts'
import { deviceReadings } from './sample-readings.ts'
import { storedParts } from './stored-parts.ts'

/** Readings of one insert. */
const PART_ROWS = 200_000
const DAYS_MAX = 90
const DAY_MS = 86_400_000

/**
 * Stores a file of node samples, one row per reading, at their true times. Nothing is settled: what nodes measure has
 * no ledger. Throws E_HISTORY_INVALID.
 */
export async function importNodeSamples(
  { store, clock }: ImportDeps,
  file: HistoryFile,
  options: SamplesOptions,
): Promise<FileResult> {
  const { map, dataset } = options
  const metrics = Object.keys(map.metrics)
  for (const name of metrics)
    if (!isNodeMetricName(name))
      throw new PlimsollError('E_HISTORY_INVALID', `there is no node metric ${name}`)
  const stepMs = map.step_ms ?? (await measuredStep(file, map))
  const hash = await historyHash(file, JSON.stringify([dataset, stepMs, map]))
  const parts = await storedParts(store, hash, clock)
  const refusals = createRefusals(file.name)
  const counters = { rows: 0, samples: 0, stored: 0, part: 0, minMs: Infinity, maxMs: -Infinity }
  let waiting: NodeRow[] = []
  let days = new Set<number>()
  const flush = async () => {
    const rows = waiting
    if (rows.length === 0) return
    const times = rows.map(({ atMs }) => atMs)
    const span = { rows: rows.length, minMs: least(times), maxMs: most(times) }
    const isNew = await parts.store(counters.part, async (token) => {
      await store.insertNative('samples_node', nodeColumns(rows, stepMs), rows.length, token)
      return span
    })
    counters.part += 1
    counters.samples += rows.length
    if (isNew) counters.stored += rows.length
    counters.minMs = Math.min(counters.minMs, span.minMs)
    counters.maxMs = Math.max(counters.maxMs, span.maxMs)
    waiting = []
    days = new Set()
  }
  for await (const { name, atMs, dimensions, values } of deviceReadings(
    file,
    { ...options, metrics },
    refusals,
  )) {
    const day = Math.floor(atMs / DAY_MS)
    if (waiting.length >= PART_ROWS || (days.size >= DAYS_MAX && !days.has(day))) await flush()
    days.add(day)
    counters.rows += 1
    for (const [at, metric] of metrics.entries()) {
      const value = values[at] ?? null
      const { cluster = '' } = dimensions
      if (value !== null) waiting.push({ atMs, cluster, node: name, metric, value })
    }
  }
  requireRows(file, counters.rows, refusals)
  await flush()
  const { rows, samples, stored, minMs, maxMs } = counters
  const span = { fromMs: minMs, toMs: maxMs + stepMs }
  const { counts: refused, examples } = refusals
  return {
    newestMs: parts.newestMs,
    report: { file: file.name, rows, samples, stored, devices: 0, span, refused, examples },
  }
}

const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b), Infinity)
const most = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), -Infinity)
