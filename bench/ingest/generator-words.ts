import type { LoadShape } from '../../cli/load/layout.ts'

/** What the benchmark tells its generator, a process of its own. */
export type Order =
  | {
      readonly kind: 'open'
      readonly shape: LoadShape
      readonly natsUrl: string
      readonly stepMs: number
    }
  /** Make messages for these instants and keep them. */
  | { readonly kind: 'prepare'; readonly ticksMs: readonly number[] }
  /** Send all that is kept, as fast as the bus takes it, its samples this much later than they were made for. */
  | { readonly kind: 'send'; readonly shiftMs: number }
  /** Send what is kept again and again at the true rate, with new times and sequences, until this moment. */
  | { readonly kind: 'replay'; readonly fromMs: number; readonly toMs: number }

/** What it answers. Each order has one answer; `replay` tells how it goes before that. */
export type Word =
  | { readonly kind: 'opened' }
  | { readonly kind: 'prepared'; readonly made: Made }
  | { readonly kind: 'sent'; readonly seconds: number }
  | { readonly kind: 'replaying'; readonly sent: Made; readonly lateMs: number }
  | { readonly kind: 'replayed'; readonly sent: Made }
  | { readonly kind: 'failed'; readonly reason: string }

export interface Made {
  readonly messages: number
  readonly rows: number
  /** Values that are not null. */
  readonly values: number
  readonly bytes: number
}

export const NOTHING_MADE: Made = { messages: 0, rows: 0, values: 0, bytes: 0 }
