import type { DeviceReading, LinkReading } from '#schemas/reading.ts'
import {
  instanceKey,
  instanceOfUuid,
  trustedMigUuid,
  trustedUuid,
} from '../../vendors/nvidia-identity.ts'
import { migShare } from '../../vendors/nvidia-models.ts'
import { boardKeys } from './identity.ts'
import type { ListedGpu, ListedMig } from './parse-list.ts'

/** `-L` names devices and measures nothing: identity, model, MIG profiles; `nvlink -s` adds links. */
export function listedDevices(gpus: readonly ListedGpu[]): DeviceReading[] {
  return gpus.flatMap((gpu) => {
    const keys = keysOf(gpu)
    const board: DeviceReading = {
      keys,
      vendor: 'nvidia',
      model: gpu.model,
      node: null,
      index: gpu.index,
      bus: null,
      parent: null,
      partition: null,
      holder: null,
      metrics: linkCounts(gpu),
      labels: gpu.migDevices.length > 0 ? { mig_mode: 'Enabled' } : {},
      failed: null,
    }
    return [board, ...gpu.migDevices.map((mig) => listedMig(gpu, keys[0], mig))]
  })
}

const keysOf = (gpu: ListedGpu) => boardKeys(trustedUuid(gpu.uuid), null, gpu.index)

function linkCounts({ links }: ListedGpu): DeviceReading['metrics'] {
  if (links.length === 0) return {}
  const up = links.filter((link) => link.bytesPerSecond !== null).length
  return { scaleup_links_up: up, scaleup_links_down: links.length - up }
}

/** The rate of a link is what it was trained to, not what goes over it. */
export function listedLinks(gpus: readonly ListedGpu[]): LinkReading[] {
  return gpus.flatMap((gpu) =>
    gpu.links.map(({ link, bytesPerSecond }) => ({
      node: null,
      deviceKey: keysOf(gpu)[0],
      link: `nvlink/${link}`,
      metrics: {
        link_up: bytesPerSecond === null ? 0 : 1,
        ...(bytesPerSecond === null ? {} : { link_rate_bytes_per_second: bytesPerSecond }),
      },
    })),
  )
}

/** Without XML the ids of the instance are unknown, but for drivers that wrote them into the UUID. */
function listedMig(gpu: ListedGpu, parent: string, mig: ListedMig): DeviceReading {
  const uuid = trustedMigUuid(mig.uuid)
  const instance = instanceOfUuid(mig.uuid)
  const id = instance === null ? `dev${mig.device}` : `${instance.gi}/ci${instance.ci}`
  const place = instance === null ? `${parent}/${id}` : instanceKey(parent, id)
  return {
    keys: uuid === null ? [place] : [`mig:${uuid}`],
    vendor: 'nvidia',
    model: gpu.model,
    node: null,
    index: null,
    bus: null,
    parent,
    partition: { id, profile: mig.profile, share: migShare(mig.profile, gpu.model) },
    holder: null,
    metrics: {},
    labels: { mig_device: String(mig.device) },
    failed: null,
  }
}
