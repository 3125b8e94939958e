import type { Holder, Partition } from '#schemas/batch.ts'
import type { EventRecord } from '#schemas/records.ts'
import type { MetricValues } from '#schemas/metrics.ts'
import type { MeterMetricName, MeterMetricValues } from '#schemas/meter-metrics.ts'
import type { LinkMetricValues, NodeMetricValues } from '#schemas/node-metrics.ts'

/** How reading a source ended. Absent and failed never look like idle. */
export type Outcome = 'ok' | 'absent' | 'failed'

/** One device as one source saw it at one moment, already in canonical units. */
export interface DeviceReading {
  /** See BatchDevice.keys. A `slot:` key holds `<bus>/<chip>` only; the runner adds the node. */
  readonly keys: readonly string[]
  readonly vendor: string
  readonly model: string
  /** Null when the output does not name its node; the target's node is used then. */
  readonly node: string | null
  readonly index: number | null
  readonly bus: string | null
  /** keys[0] of the parent for a partition, else null. */
  readonly parent: string | null
  readonly partition: Partition | null
  readonly holder: Holder | null
  readonly metrics: MetricValues
  readonly labels: Readonly<Record<string, string>>
  /** Set when this chip could not be read although its neighbours were (zero-filled row, lost card). */
  readonly failed: string | null
}

/** What a source says about a node beside its devices, in canonical units. */
export interface NodeReading {
  /** Null when the output does not name its node; the target's node is used then. */
  readonly node: string | null
  readonly metrics: NodeMetricValues
}

/** One link or port of a device or node, in canonical units. */
export interface LinkReading {
  readonly node: string | null
  /** A key of the device the link belongs to, as in DeviceReading.keys; null for a port of the node. */
  readonly deviceKey: string | null
  /** `nvlink/3`, `hccs/1`, `mlulink/0`, `mlx5_0/1`. */
  readonly link: string
  readonly metrics: LinkMetricValues
}

/**
 * One measuring point of the site: a PDU's inlet or outlet, one side of a cooling unit, a pump, a leak detector.
 * Its id is `<meter>` or `<meter>/<point>` (schemas/meter-id.ts).
 */
export interface MeterReading {
  /** Null when the output does not name it: the target's name is used then. */
  readonly meter: string | null
  /** Part of the thing that was read (`outlet/A1`, `phase/2`, `secondary`, `pump/1`, `leak/2`); empty = the thing as a whole. */
  readonly point: string
  readonly metrics: MeterMetricValues
  /** When it was measured by the meter's own word, epoch ms; null or absent = at this read. */
  readonly atMs?: number | null
  /**
   * True for readings that were not asked for now (a file, a push): `atMs` is then their time. Else our own time counts,
   * and `atMs` only shows whether the meter's clock is right.
   */
  readonly isTimeOwn?: boolean
  /** How often this point is read where that is not the section's interval (fast and full reads), ms. */
  readonly stepMs?: number
  /** When its energy counter was reset by its own word, epoch ms. */
  readonly energyResetMs?: number | null
}

/** A limit that a device keeps for a value, in the canonical unit of its metric. */
export interface MeterLimit {
  readonly side: 'high' | 'low'
  readonly level: 'warning' | 'alarm'
  /** Where the level begins, and where it ends on the way back. */
  readonly set: number
  readonly reset: number
  /** How long a value stays beyond it before the level begins, ms. */
  readonly delayMs: number
}

/** All limits that a device keeps for one value of a point; an empty list = it keeps none. */
export interface MeterLimits extends Pick<MeterReading, 'meter' | 'point'> {
  readonly metric: MeterMetricName
  readonly limits: readonly MeterLimit[]
}

/** A line or value that was refused: counted, a few kept as examples, never fatal to its neighbours. */
export interface RejectedLine {
  readonly line: string
  readonly reason: string
}

/** Why there is no reading: the cause for a counter, and a sentence for a person. */
export interface Unread {
  /** `failed` unless said. */
  readonly outcome?: 'absent' | 'failed'
  readonly reason: string
  readonly detail: string
}

/** What one read of one source gave: the result of every parser. */
export interface Interpretation {
  readonly source: string
  readonly outcome: Outcome
  /** Machine-readable cause when not ok (`empty_page`, `dcmi_-8005`), else null. */
  readonly reason: string | null
  /** One sentence for a person: what was seen and what to do; null when ok. */
  readonly detail: string | null
  readonly devices: readonly DeviceReading[]
  /** Absent = the source has nothing to say about nodes, links, meters. */
  readonly nodes?: readonly NodeReading[]
  readonly links?: readonly LinkReading[]
  readonly meters?: readonly MeterReading[]
  /** Limits that were looked at for this read; what is not named stays as it was said last. */
  readonly limits?: readonly MeterLimits[]
  /** Node-wide or device events that the output itself states; edges are found by the runner. */
  readonly events: readonly EventRecord[]
  /** Bounded examples of what was refused. */
  readonly rejected: readonly RejectedLine[]
  /** All refusals by reason, examples or not. */
  readonly rejectedByReason: Readonly<Record<string, number>>
  /** Native names that were read but have no canonical metric (listed, not errors). Bounded. */
  readonly ignored: readonly string[]
  /** Facts about the tool itself: versions (named as in FACT_NAMES), format. */
  readonly toolLabels: Readonly<Record<string, string>>
}

/** The interpretation of an answer that nothing was read from. */
export function unread(
  source: string,
  { outcome = 'failed', reason, detail }: Unread,
): Interpretation {
  return {
    source,
    outcome,
    reason,
    detail,
    devices: [],
    events: [],
    rejected: [],
    rejectedByReason: {},
    ignored: [],
    toolLabels: {},
  }
}
