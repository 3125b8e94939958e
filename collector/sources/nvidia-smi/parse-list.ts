import type { Refusals } from './refusals.ts'

/** A MIG device of `-L`, under its GPU. */
export interface ListedMig {
  /** `1g.10gb`, `1c.3g.71gb`. */
  readonly profile: string
  readonly device: number
  readonly uuid: string
}

export interface ListedGpu {
  readonly index: number
  readonly model: string
  readonly uuid: string
  readonly migDevices: ListedMig[]
  /** Lines of `nvlink -s`: bytes per second, or null for a link that is down. */
  readonly links: { readonly link: number; readonly bytesPerSecond: number | null }[]
}

const GPU = /^GPU (\d{1,4}): (.{1,200}) \(UUID: ([\w/-]{1,128})\)\s*$/
const MIG = /^MIG (\S{1,40})\s+Device\s+(\d{1,4}): \(UUID: ([\w/-]{1,128})\)\s*$/
const LINK = /^Link (\d{1,3}): (?:(\d{1,6}(?:\.\d{1,6})?) GB\/s|<?inactive>?)\s*$/i
/** What `nvlink -s` says under a GPU that has nothing to show. */
const REFUSAL = /^(?:Device does not have or support Nvlink|Nvlink queries are not supported)/i
const LIMIT = 256

/** `nvidia-smi -L` and `nvidia-smi nvlink -s`: the GPUs with their MIG devices or links. Never throws. */
export function parseList(lines: readonly string[], refusals: Refusals): ListedGpu[] {
  const gpus: ListedGpu[] = []
  for (const line of lines) {
    const text = line.trim()
    const gpu = GPU.exec(text)
    if (gpu !== null) {
      if (gpus.length >= LIMIT) refusals.add(line, 'too_many_gpus')
      else
        gpus.push({
          index: Number(gpu[1]),
          model: gpu[2] ?? '',
          uuid: gpu[3] ?? '',
          migDevices: [],
          links: [],
        })
      continue
    }
    const last = gpus.at(-1)
    if (text === '' || REFUSAL.test(text)) continue
    if (last === undefined || !addChild(last, text)) refusals.add(line, 'unrecognised_line')
  }
  return gpus
}

function addChild(gpu: ListedGpu, text: string): boolean {
  const mig = MIG.exec(text)
  if (mig !== null && gpu.migDevices.length < LIMIT) {
    gpu.migDevices.push({ profile: mig[1] ?? '', device: Number(mig[2]), uuid: mig[3] ?? '' })
    return true
  }
  const link = LINK.exec(text)
  if (link === null || gpu.links.length >= LIMIT) return false
  const gigabytes = link[2]
  gpu.links.push({
    link: Number(link[1]),
    bytesPerSecond: gigabytes === undefined ? null : Math.round(Number(gigabytes) * 1e9),
  })
  return true
}
