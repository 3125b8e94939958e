/** What kind of thing a vendor's fault code is about: one vocabulary for all vendors. */
export const FAULT_CLASSES = [
  /** The job's own doing; the device is fine. */
  'application',
  'memory',
  /** Scale-up link: NVLink, HCCS, MLU-Link. */
  'link',
  /** Host bus: PCIe, or fallen off it. */
  'bus',
  /** The device's network port, InfiniBand, RoCE. */
  'network',
  'thermal',
  /** Coolant, its pumps, its way and its leaks. */
  'cooling',
  'power',
  /** On-board firmware and device processes, heart beats. */
  'firmware',
  'driver',
  /** The chip itself. */
  'hardware',
  'unclassified',
] as const
export type FaultClass = (typeof FAULT_CLASSES)[number]

/** Text for people in both languages of the product. */
export interface Bilingual {
  readonly en: string
  readonly zh: string
}

/** What a source knows about one of its fault codes; the runner puts it on the edge it found. */
export interface FaultDescription {
  readonly class: FaultClass
  readonly severity: 'info' | 'warning' | 'critical' | 'fatal'
  /** What happened, a short sentence. */
  readonly name: Bilingual
  /** What to do next, one or two sentences. */
  readonly action: Bilingual
}

/**
 * Facts about a node or device that change rarely and are kept with their dates. Sources use exactly these
 * names as label names (devices) and tool labels (the node).
 */
export const FACT_NAMES = [
  'driver_version',
  'firmware_version',
  'vbios_version',
  'cuda_version',
  'cann_version',
  'dcgm_version',
  'exporter_version',
  'tool_version',
] as const
export type FactName = (typeof FACT_NAMES)[number]
