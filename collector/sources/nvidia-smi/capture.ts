import type { Cell } from './values.ts'

/** The printed forms that carry everything we read. */
export type Form = 'csv' | 'xml' | 'q'

/** A MIG device as XML and -q print it inside their GPU. */
export interface MigBlock {
  /** By native path below the MIG device, lower case. */
  readonly fields: Map<string, Cell>
}

/** A process as XML and -q print it; ids are `N/A` without MIG. */
export interface ProcessLine {
  readonly gpuInstance: string
  readonly computeInstance: string
}

/** One GPU of an output, by native names: header of a CSV, path of XML elements, path of -q keys. */
export interface GpuBlock {
  readonly fields: Map<string, Cell>
  readonly migDevices: MigBlock[]
  /** Null where the output does not speak about processes. */
  processes: ProcessLine[] | null
}

/** An output of the tool before any meaning is given to it. */
export interface Capture {
  readonly form: Form
  /** What is said above the GPUs: versions, number of attached GPUs. */
  readonly head: Map<string, Cell>
  readonly gpus: GpuBlock[]
  /** `nvsmi_device_v12.dtd` of the DOCTYPE; never fetched. */
  schema: string | null
  /** False when the output stops before its end. */
  isComplete: boolean
}

/** Bounds on one output, beside TEXT_LIMITS. Real ones: 16 GPUs, 260 fields, 7 MIG devices each. */
export const LIMITS = {
  gpus: 256,
  fieldsPerGpu: 1024,
  migDevicesPerGpu: 64,
  processesPerGpu: 8192,
  valueChars: 1024,
  ignoredNames: 512,
  lostDevices: 64,
} as const

export function newGpu(): GpuBlock {
  return { fields: new Map(), migDevices: [], processes: null }
}

/** Keeps the first value of a name; false when the block is full. */
export function setField(fields: Map<string, Cell>, name: string, cell: Cell): boolean {
  if (fields.has(name)) return true
  if (fields.size >= LIMITS.fieldsPerGpu) return false
  fields.set(name, { text: cell.text.slice(0, LIMITS.valueChars), unit: cell.unit })
  return true
}
