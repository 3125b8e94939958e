import type { EventRecord } from '#schemas/records.ts'

/** Our reading of a vendor fault code. */
export interface Fault {
  readonly class:
    | 'application'
    | 'memory'
    | 'link'
    | 'bus'
    | 'firmware'
    | 'recovery'
    | 'unclassified'
  readonly severity: EventRecord['severity']
  readonly name: string
  readonly action: string
}

const APPLICATION_ACTION =
  'Look at the job that ran there first; suspect the board only if several jobs fail on it.'
const LINK_ACTION =
  'Check the NVLink error counters and the fabric manager; reset the GPU, then reseat or replace the link.'
const GSP_ACTION =
  'Drain the node, collect a bug report and reset the GPU; reboot if the reset fails.'

const nvlink = (name: string): Fault => ({
  class: 'link',
  severity: 'critical',
  name,
  action: LINK_ACTION,
})

/** The codes that matter in operation; the number decides, the exporter's err_msg is decoration. */
const XID_FAULTS: ReadonlyMap<number, Fault> = new Map<number, Fault>([
  [
    13,
    {
      class: 'application',
      severity: 'warning',
      name: 'Graphics engine exception',
      action: APPLICATION_ACTION,
    },
  ],
  [
    31,
    {
      class: 'application',
      severity: 'warning',
      name: 'Memory page fault',
      action: APPLICATION_ACTION,
    },
  ],
  [
    43,
    {
      class: 'application',
      severity: 'info',
      name: 'Application stopped',
      action: APPLICATION_ACTION,
    },
  ],
  [
    45,
    {
      class: 'application',
      severity: 'info',
      name: 'Application cleaned up after an earlier error',
      action: APPLICATION_ACTION,
    },
  ],
  [
    48,
    {
      class: 'memory',
      severity: 'critical',
      name: 'Double-bit ECC error',
      action: 'Drain the node and reset the GPU; replace the board if it comes back.',
    },
  ],
  [
    62,
    {
      class: 'firmware',
      severity: 'fatal',
      name: 'Internal micro-controller halt',
      action: GSP_ACTION,
    },
  ],
  [
    63,
    {
      class: 'memory',
      severity: 'warning',
      name: 'Row remapped or page retired',
      action: 'Reset the GPU at the next chance so that the remap takes effect.',
    },
  ],
  [
    64,
    {
      class: 'memory',
      severity: 'critical',
      name: 'Row remap or page retirement failed',
      action: 'Drain the node and replace the board.',
    },
  ],
  [74, nvlink('NVLink error')],
  [
    79,
    {
      class: 'bus',
      severity: 'fatal',
      name: 'GPU fell off the bus',
      action:
        'Drain the node, power-cycle it, then check seating, power and PCIe; replace the board if it comes back.',
    },
  ],
  [
    92,
    {
      class: 'memory',
      severity: 'warning',
      name: 'High rate of single-bit ECC errors',
      action: 'Watch the remapped rows; plan a replacement if they run out.',
    },
  ],
  [
    94,
    {
      class: 'memory',
      severity: 'critical',
      name: 'Contained ECC error',
      action: 'The job is lost, others may go on; reset the GPU when it is free.',
    },
  ],
  [
    95,
    {
      class: 'memory',
      severity: 'fatal',
      name: 'Uncontained ECC error',
      action: 'Drain the node and reset the GPU at once; replace the board if it comes back.',
    },
  ],
  [119, { class: 'firmware', severity: 'critical', name: 'GSP RPC timeout', action: GSP_ACTION }],
  [120, { class: 'firmware', severity: 'critical', name: 'GSP error', action: GSP_ACTION }],
  [144, nvlink('NVLink SAW error')],
  [145, nvlink('NVLink RLW error')],
  [146, nvlink('NVLink TLW error')],
  [147, nvlink('NVLink TREX error')],
  [148, nvlink('NVLink NVLPW_CTRL error')],
  [149, nvlink('NVLink NETIR error')],
  [150, nvlink('NVLink MSE error')],
  [
    154,
    {
      class: 'recovery',
      severity: 'warning',
      name: 'GPU recovery action changed',
      action: 'Read the recovery action of the GPU: it asks for a reset, a reboot or a drain.',
    },
  ],
])

/**
 * What an XID means and what to do. Undefined for 0, which says that nothing happened; a code that is
 * not in the list stays visible as a warning.
 */
export function xidFault(code: number): Fault | undefined {
  if (!Number.isInteger(code) || code <= 0) return undefined
  return (
    XID_FAULTS.get(code) ?? {
      class: 'unclassified',
      severity: 'warning',
      name: `XID ${code}`,
      action: "Look the code up in the vendor's XID list and in the kernel log of the node.",
    }
  )
}
