import type { EventRecord } from '#schemas/records.ts'
import type { ContingencyAnswer, ExplainAnswer } from '#schemas/api-explain.ts'
import type { SchedulerFacts } from './scheduler-facts.ts'
import type { AlertLabels } from './severity.ts'
import type { SignalAnswer } from './signals.ts'
import type { ZoneSet, ZoneSlice } from './zone-set.ts'

/** What alerting asks of query: the same named queries that screens and reports use. Each rejects as the reader does. */
export interface AlertFacts {
  /** Closed slices of each scope of a set, oldest first, [fromMs, toMs). */
  zoneSlices(
    set: ZoneSet,
    range: { readonly fromMs: number; readonly toMs: number },
  ): Promise<readonly { readonly labels: AlertLabels; readonly slices: readonly ZoneSlice[] }[]>
  /** End of what is settled, epoch ms; null before the first minute. */
  settledUntilMs(): Promise<number | null>
  signal(name: string): Promise<SignalAnswer>
  /** Why utilization moved to [atMs, atMs + windowMs) from the window before. */
  explain(question: {
    readonly atMs: number
    readonly windowMs: number
    readonly labels: AlertLabels
  }): Promise<ExplainAnswer>
  contingency(question: {
    readonly level: number
    readonly labels: AlertLabels
  }): Promise<ContingencyAnswer>
  /** Loss against the target of a scope at one moment, US dollars an hour; null = not known. */
  lossPerHour(labels: AlertLabels): Promise<number | null>
  /** What schedulers say of a scope; null = none was heard lately, so nothing is known of what waits. */
  scheduler(labels: AlertLabels): Promise<SchedulerFacts | null>
  /** Events that the store took after `cursor`, oldest first, at most 5,000; the cursor to go on from. */
  eventsAfter(
    cursor: string | null,
  ): Promise<{ readonly events: readonly FleetEvent[]; readonly cursor: string }>
  /** Where devices stand and who holds them now, for labels of events. */
  standing(
    devices: readonly string[],
  ): Promise<ReadonlyMap<string, AlertLabels & { readonly job_devices?: string }>>
}

/** An event with the identity of what it is about. */
export interface FleetEvent extends Omit<EventRecord, 'kind' | 'device_key'> {
  readonly cluster: string
  readonly collector: string
  /** device_id, empty for a node-wide event. */
  readonly device: string
}

/**
 * The fast way of events: as a collector announces them, before they are stored, and also while the store is down. May
 * lose some; the table has all, and who listens knows the same event by node, device, source, type, code, edge and time.
 */
export interface EventFeed {
  subscribe(handler: (events: readonly FleetEvent[]) => void): () => void
}
