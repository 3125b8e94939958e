import type { Device } from '#schemas/api.ts'

/** Lines that take a node out of work and bring it back. Plimsoll shows them and never runs them. */

export interface DrainLines {
  readonly tool: 'slurm' | 'kubernetes'
  readonly drain: string
  readonly undo: string
}

/** Names that need no quotes in a shell; collectors' names of nodes are such. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** Of the scheduler that holds the node's devices; of both where nobody says which. Empty for a name that a shell could misread. */
export function drainLines(
  node: string,
  devices: readonly Pick<Device, 'ledger' | 'holder'>[],
): DrainLines[] {
  if (!PLAIN.test(node)) return []
  const isSlurm = devices.some(({ ledger }) => ledger?.allocation_source === 'slurm')
  const isKubernetes = devices.some(
    ({ holder }) => holder !== null && ('pod' in holder || 'namespace' in holder),
  )
  const slurm: DrainLines = {
    tool: 'slurm',
    drain: `scontrol update NodeName=${node} State=DRAIN Reason="checked in Plimsoll"`,
    undo: `scontrol update NodeName=${node} State=RESUME`,
  }
  const kubernetes: DrainLines = {
    tool: 'kubernetes',
    drain: `kubectl cordon ${node}`,
    undo: `kubectl uncordon ${node}`,
  }
  if (isSlurm && !isKubernetes) return [slurm]
  if (isKubernetes && !isSlurm) return [kubernetes]
  return [slurm, kubernetes]
}
