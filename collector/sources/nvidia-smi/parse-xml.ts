import { type Capture, type GpuBlock, LIMITS, type MigBlock, newGpu, setField } from './capture.ts'
import type { Refusals } from './refusals.ts'
import { readXml } from './xml-reader.ts'

const ROOT = 'nvidia_smi_log'
/** Long lists that say nothing about the device now. */
const SKIPPED = new Set(['supported_clocks', 'accounted_processes'])

interface State {
  readonly capture: Capture
  readonly refusals: Refusals
  /** The open elements below the root, or below `<gpu>` inside of one. */
  readonly path: { readonly name: string; hasChildren: boolean }[]
  gpu: GpuBlock | null
  mig: MigBlock | null
  process: { gpuInstance: string; computeInstance: string } | null
  /** Depth inside a subtree that is stepped over; 0 outside of one. */
  skipDepth: number
}

/**
 * `nvidia-smi -q -x` of any schema: elements become fields named by their path below `<gpu>`. Schemas
 * v10 to v13 differ in names only, which is the map's business. Never throws.
 */
export function parseXml(text: string, refusals: Refusals): Capture {
  const capture: Capture = {
    form: 'xml',
    head: new Map(),
    gpus: [],
    schema: null,
    isComplete: false,
  }
  const state: State = {
    capture,
    refusals,
    path: [],
    gpu: null,
    mig: null,
    process: null,
    skipDepth: 0,
  }
  capture.isComplete = readXml(text, {
    open: (name, attributes) => openElement(state, name, attributes),
    close: (name, value) => closeElement(state, name, value),
    doctype(doctype) {
      capture.schema ??= /"([\w.-]{1,64})\.dtd"/.exec(doctype)?.[1] ?? null
    },
    refuse: (line, reason) => refusals.add(line, reason),
  })
  if (!capture.isComplete) refusals.add(text.slice(-120), 'cut_output')
  return capture
}

function openElement(state: State, name: string, attributes: ReadonlyMap<string, string>): void {
  if (state.skipDepth > 0 || SKIPPED.has(name)) {
    state.skipDepth += 1
    return
  }
  const { path, gpu } = state
  if (name === ROOT && path.length === 0 && gpu === null) return
  if (name === 'gpu' && path.length === 0 && gpu === null) {
    openGpu(state, attributes.get('id') ?? '')
    return
  }
  const parent = path.at(-1)
  if (parent !== undefined) parent.hasChildren = true
  path.push({ name, hasChildren: false })
  if (gpu === null) return
  if (name === 'processes' && path.length === 1) gpu.processes ??= []
  if (name === 'process_info') state.process = { gpuInstance: 'N/A', computeInstance: 'N/A' }
  if (name === 'mig_device') openMig(state, gpu)
}

function openGpu(state: State, id: string): void {
  state.gpu = newGpu()
  setField(state.gpu.fields, '@id', { text: id, unit: '' })
  if (state.capture.gpus.length < LIMITS.gpus) state.capture.gpus.push(state.gpu)
  else state.refusals.add(id, 'too_many_gpus')
}

function openMig(state: State, gpu: GpuBlock): void {
  state.mig = { fields: new Map() }
  if (gpu.migDevices.length < LIMITS.migDevicesPerGpu) gpu.migDevices.push(state.mig)
  else state.refusals.add('mig_device', 'too_many_mig_devices')
}

const MIG_PREFIX = 'mig_devices/mig_device/'

function closeElement(state: State, name: string, value: string): void {
  if (state.skipDepth > 0) {
    state.skipDepth -= 1
    return
  }
  const { path, gpu, mig, process, capture } = state
  const element = path.at(-1)
  if (element === undefined) {
    if (name === 'gpu') state.gpu = null
    return
  }
  const nativePath = path.map((open) => open.name).join('/')
  path.pop()
  if (name === 'mig_device') state.mig = null
  else if (name === 'process_info') closeProcess(state)
  else if (process !== null) noteProcess(process, name, value)
  else if (name === 'processes' && gpu !== null) noteNoProcesses(gpu, value)
  else if (element.hasChildren) return
  else if (gpu === null) keep(state, capture.head, nativePath, value)
  else if (mig !== null) keep(state, mig.fields, nativePath.slice(MIG_PREFIX.length), value)
  else keep(state, gpu.fields, nativePath, value)
}

function keep(state: State, fields: GpuBlock['fields'], name: string, value: string): void {
  if (!setField(fields, name, { text: value, unit: '' }))
    state.refusals.add(name, 'too_many_fields')
}

/** `None` is a list without entries; `N/A` is no list. */
function noteNoProcesses(gpu: GpuBlock, value: string): void {
  if (value !== '' && value !== 'None') gpu.processes = null
}

function noteProcess(
  process: { gpuInstance: string; computeInstance: string },
  name: string,
  value: string,
): void {
  if (name === 'gpu_instance_id') process.gpuInstance = value
  if (name === 'compute_instance_id') process.computeInstance = value
}

function closeProcess(state: State): void {
  const { process, gpu, refusals } = state
  state.process = null
  if (process === null || gpu === null || gpu.processes === null) return
  if (gpu.processes.length < LIMITS.processesPerGpu) gpu.processes.push(process)
  else refusals.add('process_info', 'too_many_processes')
}
