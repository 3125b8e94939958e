import type { MetricName, MetricValues } from '#schemas/metrics.ts'
import type { DeviceReading } from '#schemas/reading.ts'
import { detached } from '../../formats/rejections.ts'
import { normalBus } from '../../vendors/nvidia-identity.ts'
import { LIMITS } from './capture.ts'
import { VENDOR } from './devices.ts'
import { boardKeys } from './identity.ts'
import type { Refusals } from './refusals.ts'
import { readValue, type ValueKind } from './values.ts'

/** What the table that people read says: fewer figures than `-q`, no UUID, names cut to the column. */
export interface TableRead {
  readonly devices: readonly DeviceReading[]
  readonly labels: Readonly<Record<string, string>>
}

/** Version line, whose words changed with driver 610. */
const DRIVER = /\b(?:Driver|KMD) Version: +([\w.-]+)/
const CUDA = /\bCUDA (?:UMD )?Version: +([\w.-]+)/
/** `|   0  NVIDIA H100 80GB HBM3          On  | 00000000:19:00.0 Off | 0 |`: index, name, persistence. */
const NAME_CELL = /^(\d{1,3}) +(\S.*?) +(On|Off|N\/A)$/
const BUS_CELL = /^([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]) +\S+$/i
/**
 * `N/A   52C    P0            432W /  700W`: fan, temperature, state, power and its cap. Whether the cap is the limit
 * asked for or the one in force is not said, so it is not read.
 */
const STATE_CELL = /^(\S+) +(\S+) +(\S+) +(\S+) *\/ *\S+$/
const MEMORY_CELL = /^(\S+) *\/ *(\S+)$/
const UTIL_CELL = /^(\S+) +\S.*$/
/** What follows the GPUs. */
const OTHER_BOX = /^\|\s+(?:MIG devices|Processes):/

interface Row {
  readonly index: number
  readonly model: string
  readonly bus: string | null
  readonly metrics: MetricValues
}

/** Devices of the default table. A row without its second line keeps its identity and has no values. */
export function readTable(lines: readonly string[], refusals: Refusals): TableRead {
  const rows: Row[] = []
  const labels: Record<string, string> = {}
  for (const line of lines) {
    if (OTHER_BOX.test(line)) break
    if (/^\| NVIDIA-SMI \d/.test(line)) Object.assign(labels, versionsOf(line))
    const cells = cellsOf(line)
    if (cells === null) continue
    const [first = '', second = '', third = ''] = cells
    const name = NAME_CELL.exec(first)
    if (name !== null && BUS_CELL.test(second)) {
      if (rows.length >= LIMITS.gpus) {
        refusals.add(line, 'too_many_gpus')
        break
      }
      rows.push(rowOf(name, second, third, refusals))
    } else if (rows.length > 0) {
      const last = rows[rows.length - 1]
      if (last !== undefined) readState(last.metrics, cells, refusals)
    }
  }
  return { devices: rows.map((row) => deviceOf(row, labels)), labels }
}

function cellsOf(line: string): string[] | null {
  const text = line.trim()
  if (!text.startsWith('|') || !text.endsWith('|')) return null
  const cells = text
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())
  return cells.length === 3 ? cells : null
}

function versionsOf(line: string): Record<string, string> {
  const driver = DRIVER.exec(line)?.[1]
  const cuda = CUDA.exec(line)?.[1]
  return {
    ...(driver === undefined ? {} : { driver_version: detached(driver.slice(0, 64)) }),
    ...(cuda === undefined ? {} : { cuda_version: detached(cuda.slice(0, 64)) }),
  }
}

function rowOf(name: RegExpExecArray, bus: string, ecc: string, refusals: Refusals): Row {
  const metrics: MetricValues = {}
  // With MIG on, some drivers print a word there.
  if (/^\d/.test(ecc)) put(metrics, 'ecc_uncorrected_total', { text: ecc, kind: 'count' }, refusals)
  return {
    index: Number(name[1]),
    model: detached((name[2] ?? '').slice(0, 256)),
    bus: normalBus(BUS_CELL.exec(bus)?.[1] ?? null),
    metrics,
  }
}

interface Printed {
  readonly text: string
  readonly kind: ValueKind
}

function readState(metrics: MetricValues, cells: readonly string[], refusals: Refusals): void {
  const [first = '', second = '', third = ''] = cells
  const state = STATE_CELL.exec(first)
  const memory = MEMORY_CELL.exec(second)
  const util = UTIL_CELL.exec(third)
  if (state === null || memory === null || util === null) return
  const values: readonly (readonly [MetricName, string | undefined, ValueKind])[] = [
    ['fan_ratio', state[1], 'percent'],
    ['temperature_celsius', state[2], 'celsius'],
    ['performance_state', state[3], 'pstate'],
    ['power_watts', state[4], 'watts'],
    ['memory_used_bytes', memory[1], 'bytes'],
    ['memory_total_bytes', memory[2], 'bytes'],
    ['gpu_util_ratio', util[1], 'percent'],
  ]
  for (const [metric, text = '', kind] of values) put(metrics, metric, { text, kind }, refusals)
}

function put(
  metrics: MetricValues,
  metric: MetricName,
  printed: Printed,
  refusals: Refusals,
): void {
  const { value, why } = readValue({ text: printed.text, unit: '' }, printed.kind)
  metrics[metric] = value
  if (why !== null) refusals.add(`${metric} ${printed.text}`, why)
}

function deviceOf(row: Row, labels: Readonly<Record<string, string>>): DeviceReading {
  const { index, model, bus, metrics } = row
  return {
    keys: boardKeys(null, bus, index),
    vendor: VENDOR,
    model,
    node: null,
    index,
    bus,
    parent: null,
    partition: null,
    holder: null,
    metrics,
    labels: { ...labels },
    failed: null,
  }
}
