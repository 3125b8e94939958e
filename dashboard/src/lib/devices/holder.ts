import type { Device } from '#schemas/api.ts'

/** Who holds a device, shortest useful form first: the job, else the pod, else the tenant. */
export function holderText(holder: Readonly<Record<string, string>> | null): string | null {
  if (holder === null) return null
  const { tenant, job, namespace, pod } = holder
  const what = job ?? (pod === undefined ? undefined : [namespace, pod].filter(Boolean).join('/'))
  const parts = [tenant, what].filter((part) => part !== undefined && part !== '')
  return parts.length === 0 ? null : parts.join(' · ')
}

/** Who holds a device for a table's cell. */
export interface HolderCell {
  /** Null = nobody is named. */
  readonly text: string | null
  /** Holders besides the one that is written. */
  readonly more: number
  /** The ledger does not count the device: this is what labels say. */
  readonly isTold: boolean
}

/** The holder that counts, else what labels say, marked as such. */
export function holderCell({ ledger, holder }: Pick<Device, 'ledger' | 'holder'>): HolderCell {
  if (ledger === null) return { text: holderText(holder), more: 0, isTold: true }
  const [first] = ledger.holders
  const parts = [first?.display_name, first?.job].filter(
    (part) => part !== undefined && part !== '',
  )
  return {
    text: parts.length === 0 ? null : parts.join(' · '),
    more: Math.max(0, ledger.holders.length - 1),
    isTold: false,
  }
}

/** Cluster, hall and rack in one line; empty where nothing is known. */
export const placeText = ({
  cluster,
  hall,
  rack,
}: {
  readonly cluster: string
  readonly hall: string
  readonly rack: string
}): string => [cluster, hall, rack].filter((part) => part !== '').join(' / ')

/** Whether the inventory puts it elsewhere than its collector says. */
export const standsElsewhere = ({ told, cluster, hall, rack, pool }: Device): boolean =>
  told.cluster !== cluster || told.hall !== hall || told.rack !== rack || told.pool !== pool
