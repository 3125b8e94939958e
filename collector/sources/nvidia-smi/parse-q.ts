import { type Capture, type GpuBlock, LIMITS, newGpu, setField } from './capture.ts'
import type { Refusals } from './refusals.ts'
import type { Cell } from './values.ts'

const GPU_LINE = /^GPU ([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\s*$/i
const BANNER = /^=+\s*NVSMI LOG\s*=+$/

interface State {
  readonly capture: Capture
  readonly refusals: Refusals
  /** Keys above the line that is read, by their indentation. */
  readonly path: { readonly indent: number; readonly key: string }[]
  gpu: GpuBlock | null
  /** Where the fields of the MIG device that is being read go; null outside of one. */
  mig: Map<string, Cell> | null
  instance: { gpu: string; compute: string }
}

/**
 * The text of `nvidia-smi -q`: `key : value` under indentation. Keys repeat in different blocks (three
 * `Power Draw`), so a field is named by the path of its keys, lower case. Never throws.
 */
export function parseQ(lines: readonly string[], refusals: Refusals): Capture {
  const capture: Capture = {
    form: 'q',
    head: new Map(),
    gpus: [],
    schema: null,
    isComplete: true,
  }
  const state: State = {
    capture,
    refusals,
    path: [],
    gpu: null,
    mig: null,
    instance: { gpu: 'N/A', compute: 'N/A' },
  }
  for (const line of lines) readLine(state, line)
  return capture
}

function readLine(state: State, line: string): void {
  const text = line.trim()
  if (text === '' || BANNER.test(text)) return
  const gpuLine = GPU_LINE.exec(text)
  if (gpuLine !== null) {
    openGpu(state, gpuLine[1] ?? '')
    return
  }
  const { path } = state
  const indent = line.length - line.trimStart().length
  while (path.length > 0 && (path.at(-1)?.indent ?? 0) >= indent) path.pop()
  const { key, value } = split(text)
  path.push({ indent, key })
  const nativePath = path.map((open) => open.key).join('/')
  if (path[0]?.key === 'processes' && state.gpu !== null) readProcess(state, state.gpu, key, value)
  else if (key === 'mig device' && path.length === 1) openMig(state)
  else if (value !== null) keep(state, nativePath, value)
  else if (state.gpu === null && indent === 0 && !text.endsWith(':'))
    state.refusals.add(line, 'unrecognised_line')
}

/** The first colon with a blank behind it ends the key; addresses and times have none. */
function split(text: string): { readonly key: string; readonly value: string | null } {
  const colon = text.indexOf(': ')
  if (colon === -1)
    return text.endsWith(':')
      ? { key: text.slice(0, -1).trim().toLowerCase(), value: '' }
      : { key: text.toLowerCase(), value: null }
  return { key: text.slice(0, colon).trim().toLowerCase(), value: text.slice(colon + 2).trim() }
}

function openGpu(state: State, bus: string): void {
  state.path.length = 0
  state.mig = null
  state.gpu = newGpu()
  setField(state.gpu.fields, '@id', { text: bus, unit: '' })
  if (state.capture.gpus.length < LIMITS.gpus) state.capture.gpus.push(state.gpu)
  else state.refusals.add(bus, 'too_many_gpus')
}

function openMig(state: State): void {
  const { gpu } = state
  if (gpu === null) return
  state.mig = new Map()
  if (gpu.migDevices.length < LIMITS.migDevicesPerGpu) gpu.migDevices.push({ fields: state.mig })
  else state.refusals.add('MIG Device', 'too_many_mig_devices')
}

const MIG_PREFIX = 'mig device/'

function keep(state: State, nativePath: string, text: string): void {
  const { gpu, capture, refusals } = state
  const isMig = state.mig !== null && nativePath.startsWith(MIG_PREFIX)
  if (!isMig) state.mig = null
  const fields = isMig && state.mig !== null ? state.mig : (gpu?.fields ?? capture.head)
  const name = isMig ? nativePath.slice(MIG_PREFIX.length) : nativePath
  if (!setField(fields, name, { text, unit: '' })) refusals.add(nativePath, 'too_many_fields')
}

/** `Processes : None`, or a block of entries that begin with the ids of their MIG device. */
function readProcess(state: State, gpu: GpuBlock, key: string, value: string | null): void {
  const { instance, refusals } = state
  if (key === 'processes') {
    gpu.processes = value === null || value === '' || value === 'None' ? [] : null
    state.instance = { gpu: 'N/A', compute: 'N/A' }
  } else if (key === 'gpu instance id') instance.gpu = value ?? ''
  else if (key === 'compute instance id') instance.compute = value ?? ''
  else if (key === 'process id' && gpu.processes !== null) {
    if (gpu.processes.length >= LIMITS.processesPerGpu) refusals.add(key, 'too_many_processes')
    else gpu.processes.push({ gpuInstance: instance.gpu, computeInstance: instance.compute })
  }
}
