import { normalBus, trustedUuid } from '../../vendors/nvidia-identity.ts'
import { LIMITS } from './limits.ts'
import type { DmonRejections } from './parse.ts'

/** A GPU as `dcgmi discovery -l` describes it; null where it does not say. */
export interface KnownGpu {
  /** DCGM's GPU id: the number of `GPU n` in dmon. */
  readonly id: number
  name: string | null
  /** Four-digit domain, lower case: `0000:4c:00.0`. */
  bus: string | null
  /** `GPU-…`; null for masked ones, which name no device. */
  uuid: string | null
}

/** A MIG instance as `dcgmi discovery -c` describes it. */
export interface KnownInstance {
  /** DCGM's entity id: the number of `GPU-I n` in dmon, which is not the GPU instance id. */
  readonly entityId: number
  readonly gpuUuid: string | null
  /** DCGM's GPU id of its board; null where the box does not say. */
  readonly gpuId: number | null
  /** GPU instance id as nvidia-smi and dcgm-exporter count it, per GPU. */
  readonly gpuInstance: number
}

export interface Inventory {
  readonly gpus: ReadonlyMap<number, KnownGpu>
  readonly instances: ReadonlyMap<number, KnownInstance>
}

/** True for lines of the boxes that `dcgmi discovery` draws, and of its counts. */
export const isDiscoveryLine = (line: string): boolean => /^\s*[|+]/.test(line) || COUNT.test(line)

const COUNT = /^\s*(\d{1,6}) (GPU|NvSwitch|CPU|ConnectX)\w* found\./i

interface Reading {
  readonly gpus: Map<number, KnownGpu>
  readonly instances: Map<number, KnownInstance>
  /** First column of the box we are in: `GPU ID`, `Switch ID`, `CPU ID`. */
  section: string
  gpu: KnownGpu | null
  /** GPU of the hierarchy box. */
  parentUuid: string | null
  parentId: number | null
  stated: number | null
}

/** Reads the boxes of `discovery -l` and `-c` among any lines. Never throws; what is cut is counted. */
export function readDiscovery(lines: readonly string[], rejections: DmonRejections): Inventory {
  const reading: Reading = {
    gpus: new Map(),
    instances: new Map(),
    section: '',
    gpu: null,
    parentUuid: null,
    parentId: null,
    stated: null,
  }
  for (const line of lines) {
    const count = COUNT.exec(line)
    if (count?.[2]?.toUpperCase() === 'GPU') reading.stated = Number(count[1])
    const [first, second] = cellsOfBox(line)
    if (first !== undefined && second !== undefined) readBoxLine(reading, first, second)
    else if (first !== undefined && / ID$/i.test(first)) reading.section = first.toUpperCase()
  }
  if (reading.stated !== null && reading.gpus.size < reading.stated)
    rejections.add(`${reading.stated} stated, ${reading.gpus.size} listed`, 'inventory_incomplete')
  dropRepeatedUuids(reading.gpus, rejections)
  return { gpus: reading.gpus, instances: reading.instances }
}

function cellsOfBox(line: string): string[] {
  const text = line.slice(0, LIMITS.lineChars).trim()
  if (!text.startsWith('|')) return []
  return text
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

function readBoxLine(reading: Reading, first: string, second: string): void {
  if (/ ID$/i.test(first)) {
    reading.section = first.toUpperCase()
    reading.gpu = null
  } else if (readHierarchy(reading, first, second)) reading.gpu = null
  else if (reading.section === 'GPU ID') readGpu(reading, first, second)
}

function readGpu(reading: Reading, first: string, second: string): void {
  if (/^\d{1,6}$/.test(first)) {
    const id = Number(first)
    reading.gpu = reading.gpus.get(id) ?? { id, name: null, bus: null, uuid: null }
    if (reading.gpus.size < LIMITS.inventory) reading.gpus.set(id, reading.gpu)
  } else if (first !== '') reading.gpu = null
  const { gpu } = reading
  const match = /^(Name|PCI Bus ID|Device UUID):\s*(.*)$/i.exec(second)
  if (gpu === null || match === null) return
  const [, label = '', printed = ''] = match
  // With --all, DCGM 4.6 says which values it only remembers.
  const value = printed.replace(/\s*\(last known\)$/i, '').slice(0, LIMITS.text)
  const isThere = value !== '' && !/^<<<.*>>>$/.test(value) && value !== 'N/A'
  if (!isThere) return
  if (/^Name$/i.test(label)) gpu.name = value
  else if (/^PCI/i.test(label)) gpu.bus = normalBus(value)
  else gpu.uuid = trustedUuid(value)
}

/** Lines of the hierarchy box: a GPU, then its instances; compute instances share their memory and are skipped. */
function readHierarchy(reading: Reading, first: string, second: string): boolean {
  const entity = /\(EntityID:\s*(\d{1,6})\)$/i.exec(second)
  if (entity === null) return false
  const instance = /^(?:->\s*)?I\s+\d{1,6}\/(\d{1,6})$/i.exec(first)
  if (instance !== null) {
    const known = {
      entityId: Number(entity[1]),
      gpuUuid: reading.parentUuid,
      gpuId: reading.parentId,
      gpuInstance: Number(instance[1]),
    }
    if (reading.instances.size < LIMITS.inventory) reading.instances.set(known.entityId, known)
  } else if (/^GPU\s+\d/i.test(first)) {
    reading.parentId = Number(entity[1])
    const uuid = /\b(GPU-[0-9a-f-]+)/i.exec(second)?.[1] ?? ''
    reading.parentUuid = trustedUuid(uuid)
  }
  return true
}

/** The board of an instance: by DCGM's id, but never one that another UUID contradicts. */
export function boardOf(
  { gpuId, gpuUuid }: KnownInstance,
  gpus: Inventory['gpus'],
): KnownGpu | undefined {
  const numbered = gpuId === null ? undefined : gpus.get(gpuId)
  const isOther = numbered !== undefined && numbered.uuid !== null && numbered.uuid !== gpuUuid
  if (numbered !== undefined && !(isOther && gpuUuid !== null)) return numbered
  return [...gpus.values()].find(({ uuid }) => uuid !== null && uuid === gpuUuid)
}

/** Two GPUs under one UUID are told apart by their place, never merged. */
function dropRepeatedUuids(gpus: ReadonlyMap<number, KnownGpu>, rejections: DmonRejections): void {
  const seen = new Map<string, KnownGpu>()
  for (const gpu of gpus.values()) {
    if (gpu.uuid === null) continue
    const twin = seen.get(gpu.uuid)
    if (twin === undefined) seen.set(gpu.uuid, gpu)
    else {
      rejections.add(gpu.uuid, 'uuid_not_unique')
      gpu.uuid = null
      twin.uuid = null
    }
  }
}
