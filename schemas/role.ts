import type { MetricFamily } from '#schemas/self-metrics.ts'

/** What health() answers: a word, a sentence, and numbers for /metrics. */
export interface RoleHealth {
  readonly state: 'starting' | 'ok' | 'degraded' | 'failed' | 'stopped'
  readonly detail: string
  readonly metrics: Readonly<Record<string, number>>
  /** Numbers with labels, and histograms. */
  readonly families?: readonly MetricFamily[]
}

/** A part of the program that starts and stops. stop() drains: nothing accepted is lost. */
export interface Role {
  readonly name: string
  start(): Promise<void>
  stop(): Promise<void>
  health(): RoleHealth
  /**
   * Resolves with the reason when the role has ended by itself and for good; a role without it never does.
   * The process then stops all roles and fails with this reason.
   */
  readonly ended?: Promise<Error>
}

/** Injected wall clock, epoch ms. */
export type Clock = () => number

/** Where roles write what changed and what a person can do; key=value fields, no secrets. */
export interface Logger {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
export type LogFields = Readonly<Record<string, string | number | boolean | null>>
