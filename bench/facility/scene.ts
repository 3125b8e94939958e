import { KINDS, type Kind } from './fleet.ts'
import type { Lane } from './trials.ts'

/** One way to run the collector. */
export interface Scene {
  readonly name: string
  readonly intervalS: number
  readonly hasBad: boolean
  /** Traps and event subscriptions; without them changes are found by reading. */
  readonly tells: boolean
  /** Changes per protocol that are timed; 0 = none. */
  readonly trials: number
  /** `plimsoll collector` itself; else one whose reads and events are looked into. */
  readonly isProduct: boolean
}

export interface Size {
  readonly counts: Readonly<Record<Kind, number>>
  readonly seconds: number
}

/** What one scene cost. Times in ms, memory in MB of 10^6 bytes. */
export interface SceneResult {
  readonly scene: string
  readonly meters: number
  readonly cpuPercentOfOneCore: number
  readonly peakMegabytes: number
  readonly rssMegabytes: number
  /** All reads, where the product is measured: those that failed are then targets that failed lately. */
  readonly okReads: number
  readonly failedReads: number
  readonly missedCells: number
  readonly soundFailed: number
  readonly latencyMs: readonly Latency[]
  readonly fastLane: readonly Lane[]
}

export interface Latency {
  readonly sound: Kind
  readonly reads: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

export const rounded = (value: number) => Math.round(value * 10) / 10

export const metersOf = (counts: Size['counts']): number =>
  KINDS.reduce((total, kind) => total + counts[kind], 0)

/** Everything is looked for and read once; where fast points are read, the usual flow is known too (a minute of reads). */
const WARM_UP_S = { seldom: 45, often: 75 } as const

export const warmUpMs = ({ tells }: Scene): number =>
  1000 * (tells ? WARM_UP_S.seldom : WARM_UP_S.often)
