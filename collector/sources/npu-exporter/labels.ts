import type { Holder } from '#schemas/batch.ts'
import { detached } from '../../formats/rejections.ts'

type Labels = Readonly<Record<string, string>>

/** Names of one fact over the exporter's series and builds; what a scraper renamed to make room comes first. */
const ALIASES = {
  id: ['id', 'npuID', 'npu_id'],
  model: ['model_name', 'modelName', 'name'],
  vdie: ['vdie_id', 'vdieID', 'uuid'],
  bus: ['pcie_bus_info', 'pcie'],
  namespace: ['exported_namespace', 'namespace'],
  pod: ['exported_pod_name', 'exported_pod', 'pod_name', 'podName'],
  container: ['exported_container_name', 'container_name', 'containerName'],
} as const

/** The value of a fact under any of its names; empty and `NA` are no values. */
export function labelOf(labels: Labels, fact: keyof typeof ALIASES): string | null {
  for (const name of ALIASES[fact]) {
    const value = labels[name]?.trim() ?? ''
    if (value !== '' && value !== 'NA') return detached(value.slice(0, 256))
  }
  return null
}

/** The chip's physical number, else null. */
export function chipId(labels: Labels): number | null {
  const text = labelOf(labels, 'id')
  return text !== null && /^\d{1,5}$/.test(text) ? Number(text) : null
}

/** Five hex groups joined by `-`, upper case, each eight digits long: as npu-smi's source names the die. */
export function canonicalVdie(text: string | null): string | null {
  const groups = (text ?? '').toUpperCase().split(/[\s-]+/, 6)
  const valid = groups.length === 5 && groups.every((group) => /^[0-9A-F]{1,8}$/.test(group))
  if (!valid || groups.every((group) => /^0+$/.test(group))) return null
  return groups.map((group) => group.padStart(8, '0')).join('-')
}

/** A PCI address, upper case; masked ones are null. */
export function busOf(labels: Labels): string | null {
  const bus = labelOf(labels, 'bus')
  return bus !== null && /^[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]$/i.test(bus)
    ? bus.toUpperCase()
    : null
}

/** Who holds the chip as a chip series says it; null where its labels are empty or missing. */
export function holderOf(labels: Labels): Holder | null {
  const namespace = labelOf(labels, 'namespace')
  const pod = labelOf(labels, 'pod')
  const container = labelOf(labels, 'container')
  if (namespace === null && pod === null) return null
  return {
    ...(namespace === null ? {} : { namespace }),
    ...(pod === null ? {} : { pod }),
    ...(container === null ? {} : { container }),
  }
}

/**
 * Who holds the chip as `npu_container_info` and `process_info` say it: namespace, pod and container joined by
 * `_`, which none of the three may hold. Another number of parts is a plain container's own name.
 */
export function joinedHolder(labels: Labels): Holder | null {
  const joined = labelOf(labels, 'container')
  if (joined === null) return null
  const [namespace = '', pod = '', container = '', ...more] = joined.split('_')
  const isPod = more.length === 0 && namespace !== '' && pod !== '' && container !== ''
  return isPod ? { namespace, pod, container } : { container: joined }
}

/** What all holders agree on: all of it for one, only the namespace for several pods of it, else null. */
export function commonHolder(holders: readonly Holder[]): Holder | null {
  const [first, ...rest] = holders
  if (first === undefined) return null
  if (rest.length === 0) return first
  const same = (field: 'namespace' | 'pod') => rest.every((other) => other[field] === first[field])
  if (first.namespace === undefined || !same('namespace')) return null
  const pod = same('pod') && first.pod !== undefined ? { pod: first.pod } : {}
  return { namespace: first.namespace, ...pod }
}

/**
 * `910B3-Ascend-V1`, `910B3`, `Ascend910` -> the name people know. `Ascend910` alone is a die of the 910C (A3);
 * `910B` with DDR beside its HBM is the first generation. Masked names (`xxx`) become `Ascend`.
 */
export function canonicalModel(printed: string | null, hasDdr: boolean): string {
  const name = (printed ?? '')
    .replace(/-Ascend(?:-.*)?$/i, '')
    .replace(/^ascend[\s_-]*/i, '')
    .trim()
  if (name === '' || /^[x*]+$/i.test(name)) return 'Ascend'
  if (name.startsWith('910_93') || name === '910') return 'Ascend 910C'
  if (name === '910B' && hasDdr) return 'Ascend 910B (gen 1)'
  return `Ascend ${name}`
}
