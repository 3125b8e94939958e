import type { DeviceReading } from '#schemas/reading.ts'
import { instanceKey, trustedMigUuid, trustedUuid } from '../../vendors/nvidia-identity.ts'
import { migShare } from '../../vendors/nvidia-models.ts'
import type { Form, MigBlock } from './capture.ts'
import type { Board, GpuContext } from './devices.ts'
import { MIG_RULES } from './map.ts'
import type { ListedGpu, ListedMig } from './parse-list.ts'
import { readMetrics } from './readings.ts'

/** Names of the ids of a MIG device, by form; a CSV has no MIG devices. */
const NAMES = {
  xml: {
    device: 'index',
    gi: 'gpu_instance_id',
    ci: 'compute_instance_id',
    multiprocessors: 'device_attributes/shared/multiprocessor_count',
  },
  q: {
    device: 'index',
    gi: 'gpu instance id',
    ci: 'compute instance id',
    multiprocessors: 'device attributes/shared/multiprocessor count',
  },
  csv: { device: '', gi: '', ci: '', multiprocessors: '' },
} as const satisfies Record<Form, Record<string, string>>

/** Names of a MIG device that become identity, labels or metrics. */
export const MIG_EMITTED: ReadonlySet<string> = new Set([
  ...MIG_RULES.flatMap((rule) => [...rule.xml, ...rule.q]),
  ...Object.values(NAMES).flatMap((names) => Object.values(names)),
])

interface Instance {
  readonly block: MigBlock
  readonly device: number | null
  readonly gi: string
  readonly ci: string
}

/**
 * The MIG devices of a board. Board values (power, temperature, clocks) stay with the board. Compute instances
 * of one GPU instance each print its memory: the first keeps it, so that a sum counts it once.
 */
export function migPartitions(
  board: Board,
  form: Form,
  versions: Readonly<Record<string, string>>,
  { refusals, listed }: GpuContext,
): DeviceReading[] {
  const instances = board.block.migDevices.flatMap((block) => {
    const id = (name: string) => idOrNull(block.fields.get(name)?.text)
    const gi = id(NAMES[form].gi)
    if (gi === null) refusals.add(board.keys[0], 'mig_device_without_id')
    const device = id(NAMES[form].device)
    const ci = id(NAMES[form].ci) ?? '0'
    return gi === null ? [] : [{ block, gi, ci, device: device === null ? null : Number(device) }]
  })
  const listing = listingOf(board, listed)
  return instances.map((instance) => {
    const siblings = instances.filter((other) => other.gi === instance.gi)
    const mig = listing?.migDevices.find((each) => each.device === instance.device) ?? null
    const isMemoryHere = siblings[0] === instance
    const metrics = isMemoryHere
      ? readMetrics(instance.block.fields, form, refusals, MIG_RULES)
      : {}
    const processes = processesOf(board, instance)
    return partitionReading({
      board,
      instance,
      isShared: siblings.length > 1,
      mig,
      versions,
      multiprocessors: instance.block.fields.get(NAMES[form].multiprocessors)?.text ?? '',
      metrics: processes === null ? metrics : { ...metrics, process_count: processes },
    })
  })
}

const idOrNull = (text: string | undefined) =>
  text !== undefined && /^\d{1,4}$/.test(text) ? text : null

function listingOf(board: Board, listed: readonly ListedGpu[]): ListedGpu | undefined {
  return listed.find((gpu) =>
    board.uuid === null
      ? board.index !== null && gpu.index === board.index
      : trustedUuid(gpu.uuid) === board.uuid,
  )
}

/** Processes name the instance they run in; without rights or outside of the container they are not listed. */
function processesOf({ block }: Board, { gi, ci }: Instance): number | null {
  return block.processes === null
    ? null
    : block.processes.filter(
        (process) => process.gpuInstance === gi && process.computeInstance === ci,
      ).length
}

interface PartitionFacts {
  readonly board: Board
  readonly instance: Instance
  /** Other compute instances live in the same GPU instance. */
  readonly isShared: boolean
  readonly mig: ListedMig | null
  readonly versions: Readonly<Record<string, string>>
  readonly multiprocessors: string
  readonly metrics: DeviceReading['metrics']
}

function partitionReading(facts: PartitionFacts): DeviceReading {
  const { board, instance, isShared, mig, versions, multiprocessors } = facts
  const id = isShared ? `${instance.gi}/ci${instance.ci}` : instance.gi
  const uuid = mig === null ? null : trustedMigUuid(mig.uuid)
  const profile = mig?.profile ?? null
  const labels: Record<string, string> = {
    ...versions,
    gpu_instance_id: instance.gi,
    compute_instance_id: instance.ci,
  }
  if (/^\d{1,5}$/.test(multiprocessors)) labels['multiprocessors'] = multiprocessors
  if (isShared) labels['memory_scope'] = 'gpu_instance'
  if (uuid !== null) labels['mig_uuid'] = uuid
  return {
    keys: [instanceKey(board.keys[0], id), ...(uuid === null ? [] : [`mig:${uuid}`])],
    vendor: 'nvidia',
    model: board.model,
    node: null,
    // Place and index belong to the board: an instance that carried them would look like a replacement.
    index: null,
    bus: null,
    parent: board.keys[0],
    partition: { id, profile, share: migShare(profile, board.model) },
    holder: null,
    metrics: facts.metrics,
    labels,
    failed: null,
  }
}
