import type { EventRecord } from '#schemas/records.ts'
import type { ContingencyAnswer, ExplainAnswer } from '#schemas/api-explain.ts'
import type { PlannedOutage, PlannedWindow } from './planned.ts'
import type { SchedulerFacts } from './scheduler-facts.ts'
import type { AlertLabels } from './severity.ts'
import type { SignalAnswer } from './signals.ts'
import type { ZoneSet, ZoneSlice } from './zone-set.ts'

/** [fromMs, toMs), epoch ms. */
export interface TimeRange {
  readonly fromMs: number
  readonly toMs: number
}

/** Closed slices of one scope of a zone set, oldest first. */
export interface ScopeSlices {
  readonly labels: AlertLabels
  readonly slices: readonly ZoneSlice[]
}

/** What alerting asks of query: the same named queries that screens and reports use. Each rejects as the reader does. */
export interface AlertFacts {
  /** Values of a set's scopes with slices in [fromMs, toMs), the largest first, at most 5,000; `''` is the fleet. */
  zoneScopes(set: ZoneSet, range: TimeRange): Promise<readonly string[]>
  /**
   * Closed slices of each scope of a set, oldest first, [fromMs, toMs). With `only`, of these values of its scope: all of
   * a large set are more rows than one question may bring (`zonePages` of alerts/zones asks for some at a time).
   */
  zoneSlices(
    set: ZoneSet,
    range: TimeRange,
    only?: readonly string[],
  ): Promise<readonly ScopeSlices[]>
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
  /** What will take devices of a scope out of work within a day: drains entered for later, and these windows. */
  plans(labels: AlertLabels, windows: readonly PlannedWindow[]): Promise<readonly PlannedOutage[]>
  /** Events that the store took after `cursor`, oldest first, at most 5,000; the cursor to go on from. */
  eventsAfter(
    cursor: string | null,
  ): Promise<{ readonly events: readonly FleetEvent[]; readonly cursor: string }>
  /** What stands where now: how many children a place has. At most 50,000 nodes. */
  places(): Promise<readonly NodePlaced[]>
  /** Where devices stand and who holds them now, for labels of events. */
  standing(
    devices: readonly string[],
  ): Promise<ReadonlyMap<string, AlertLabels & { readonly job_devices?: string }>>
}

/** A node that counts now, with the loop that cools its rack; empty = not told. */
export interface NodePlaced {
  readonly cluster: string
  readonly hall: string
  readonly loop: string
  readonly rack: string
  readonly node: string
  readonly devices: number
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
