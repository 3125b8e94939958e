import type { DeviceReading, LinkReading } from '#schemas/reading.ts'
import { instanceKey, slotKey, trustedUuid } from '../../vendors/nvidia-identity.ts'
import { dropAbsentNvlink } from '../../vendors/nvidia-models.ts'
import { linkMetricsOf, metricsOf } from './cells.ts'
import { LIMITS } from './limits.ts'
import { UUID_HEADER } from './map.ts'
import { boardOf, type Inventory, type KnownGpu, type KnownInstance } from './parse-discovery.ts'
import type { DmonRejections, DmonRow } from './parse.ts'

/**
 * What rows become whose GPU no discovery names. `hold`: nothing, and counted: on a live node the number of a row
 * is no identity, and guessing would make a phantom device. `name`: a device under a key that says it has no place:
 * captured text that is only looked at.
 */
export type Unnamed = 'hold' | 'name'

export interface RowsRead {
  readonly devices: readonly DeviceReading[]
  readonly links: readonly LinkReading[]
  /** Columns and kinds of rows that have no metric here. */
  readonly ignored: readonly string[]
  /** A row was held back: discovery does not know its GPU or instance. */
  readonly hasUnknown: boolean
}

interface Context {
  readonly inventory: Inventory
  readonly unnamed: Unnamed
  readonly rejections: DmonRejections
  readonly ignored: Set<string>
  /** UUIDs and DCGM's ids of boards that are cut into instances. */
  readonly migBoards: ReadonlySet<string | number>
  hasUnknown: boolean
}

/** One reading per GPU and MIG instance, and per link of a GPU, of the rows of one pass. */
export function readRows(
  rows: readonly DmonRow[],
  inventory: Inventory,
  unnamed: Unnamed,
  rejections: DmonRejections,
): RowsRead {
  const migBoards = [...inventory.instances.values()].flatMap((known) => [
    known.gpuUuid ?? [],
    boardOf(known, inventory.gpus)?.id ?? [],
  ])
  const context: Context = {
    inventory,
    unnamed,
    rejections,
    ignored: new Set(),
    migBoards: new Set(migBoards.flat()),
    hasUnknown: false,
  }
  const devices: DeviceReading[] = []
  const links: LinkReading[] = []
  for (const row of rows) {
    const kind = row.entity.kind.toUpperCase()
    if (kind === 'GPU' && row.entity.link === null) devices.push(...gpuOf(row, context))
    else if (kind === 'GPU') links.push(...linkOf(row, context))
    else if (kind === 'GPU-I') devices.push(...instanceOf(row, context))
    // Compute instances share their GPU instance's memory; processors and switches are no accelerators.
    else context.ignored.add(`${row.entity.kind} rows`)
  }
  return {
    devices: devices.sort(byPlace),
    links,
    ignored: [...context.ignored].sort().slice(0, LIMITS.ignored),
    hasUnknown: context.hasUnknown,
  }
}

function gpuOf(row: DmonRow, context: Context): DeviceReading[] {
  const { id } = row.entity
  const listed = context.inventory.gpus.get(id)
  const uuid = trustedUuid(row.cells[row.names.indexOf(UUID_HEADER)] ?? '')
  // A capture may have asked for the UUID; what discovery lists goes first.
  const gpu = listed ?? (uuid === null ? undefined : { id, uuid, name: null, bus: null })
  const keys = gpuKeys(id, gpu, context.unnamed)
  if (keys.length === 0) return held(row, context)
  const { migBoards } = context
  const isMig = (listed !== undefined && migBoards.has(listed.id)) || migBoards.has(gpu?.uuid ?? '')
  const metrics = metricsOf(row, { isInstance: false, isMig }, context.ignored, context.rejections)
  dropAbsentNvlink(gpu?.name ?? null, metrics)
  return [
    {
      ...COMMON,
      keys,
      model: gpu?.name ?? 'unknown',
      index: id,
      bus: gpu?.bus ?? null,
      parent: null,
      partition: null,
      metrics,
    },
  ]
}

function instanceOf(row: DmonRow, context: Context): DeviceReading[] {
  const { id } = row.entity
  const known = context.inventory.instances.get(id)
  const board = known === undefined ? undefined : boardOf(known, context.inventory.gpus)
  const parent = parentKey(known, board)
  if (parent === null && context.unnamed === 'hold') return held(row, context)
  const place = { isInstance: true, isMig: true }
  return [
    {
      ...COMMON,
      keys: [
        known === undefined || parent === null
          ? `slot:no-bus/dcgm-gpu-i-${id}`
          : instanceKey(parent, known.gpuInstance),
      ],
      model: board?.name ?? 'unknown',
      // Place and index belong to the board: an instance that carried them would look like a replacement.
      index: null,
      bus: null,
      parent,
      partition: {
        id: known === undefined ? `entity-${id}` : String(known.gpuInstance),
        profile: null,
        share: null,
      },
      metrics: metricsOf(row, place, context.ignored, context.rejections),
    },
  ]
}

function linkOf(row: DmonRow, context: Context): LinkReading[] {
  const { id, link } = row.entity
  const [deviceKey] = gpuKeys(id, context.inventory.gpus.get(id), context.unnamed)
  if (deviceKey === undefined) {
    held(row, context)
    return []
  }
  const metrics = linkMetricsOf(row, context.ignored, context.rejections)
  return [{ node: null, deviceKey, link: `nvlink/${link ?? 0}`, metrics }]
}

const COMMON = {
  vendor: 'nvidia',
  node: null,
  holder: null,
  labels: {},
  failed: null,
} as const

function held(row: DmonRow, context: Context): [] {
  const isGpu = row.entity.kind.toUpperCase() === 'GPU'
  context.rejections.add(row.line, isGpu ? 'gpu_not_discovered' : 'instance_not_discovered')
  context.hasUnknown = true
  return []
}

/** Keys as dcgm-exporter gives them to the same boards, so that both sources speak of one device. */
function gpuKeys(id: number, gpu: KnownGpu | undefined, unnamed: Unnamed): string[] {
  const uuid = gpu?.uuid ?? null
  const bus = gpu?.bus ?? null
  const keys = uuid === null ? [] : [`uuid:${uuid}`]
  if (bus !== null) keys.push(slotKey(bus, id))
  return keys.length === 0 && unnamed === 'name' ? [`slot:no-bus/dcgm-gpu-${id}`] : keys
}

/** The key of an instance's board, or null where nothing tells it. */
function parentKey(known: KnownInstance | undefined, board: KnownGpu | undefined): string | null {
  if (board !== undefined) return gpuKeys(board.id, board, 'hold')[0] ?? null
  const uuid = known?.gpuUuid ?? null
  return uuid === null ? null : `uuid:${uuid}`
}

function byPlace(a: DeviceReading, b: DeviceReading): number {
  const order = (reading: DeviceReading) => reading.index ?? Number.MAX_SAFE_INTEGER
  if (order(a) !== order(b)) return order(a) - order(b)
  const [one = '', two = ''] = [a.keys[0], b.keys[0]]
  return one < two ? -1 : one > two ? 1 : 0
}
