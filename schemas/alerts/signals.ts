import type { AlertLabels, Words } from './severity.ts'

/** One series of a signal at one moment. */
export interface SignalRow {
  readonly labels: AlertLabels
  /** Null = not known now: never healthy, never idle, never zero. */
  readonly value: number | null
  readonly low?: number | null
  readonly high?: number | null
  readonly coverage?: number | null
  readonly usd_per_hour?: number | null
  readonly devices?: number | null
  /** As in AlertReading. */
  readonly what?: Words
  readonly why?: Words
  readonly doing?: Words
  readonly known?: Words
  /** Why an alert ends with this value, where that does not mean that all is well. */
  readonly ended?: Words
}

/** What a signal says at one evaluation. */
export interface SignalAnswer {
  /** Time of the data, epoch ms: the settle watermark, or the newest reading looked at. */
  readonly atMs: number
  readonly rows: readonly SignalRow[]
  /** Series that could have spoken, by vendor; empty vendor for those without one. A rule that covers nothing is told. */
  readonly covered: Readonly<Record<string, number>>
}

/** A figure that rules compare: name, unit and labels are data, and the same for each vendor. */
export interface SignalDefinition {
  readonly name: string
  readonly unit: string
  readonly labels: readonly (keyof AlertLabels)[]
  readonly about: Words
}
