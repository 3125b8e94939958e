import type { Holder, Partition } from '#schemas/batch.ts'
import type { EventRecord } from '#schemas/records.ts'
import type { MetricValues } from '#schemas/metrics.ts'

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

/** A line or value that was refused: counted, a few kept as examples, never fatal to its neighbours. */
export interface RejectedLine {
  readonly line: string
  readonly reason: string
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
  /** Node-wide or device events that the output itself states; edges are found by the runner. */
  readonly events: readonly EventRecord[]
  /** Bounded examples of what was refused. */
  readonly rejected: readonly RejectedLine[]
  /** All refusals by reason, examples or not. */
  readonly rejectedByReason: Readonly<Record<string, number>>
  /** Native names that were read but have no canonical metric (listed, not errors). Bounded. */
  readonly ignored: readonly string[]
  /** Facts about the tool itself: versions, format. */
  readonly toolLabels: Readonly<Record<string, string>>
}
