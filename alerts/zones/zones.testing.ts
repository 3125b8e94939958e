import type { ZoneSlice } from '#schemas/alerts/zone-set.ts'
import { SLICE_MS } from './slices.ts'

/** A slice in devices: `cap` of them in capacity, `known` with data, `busy` at work. Default: all are known. */
export interface PlainSlice {
  readonly cap?: number
  readonly known?: number
  readonly busy: number
  readonly changed?: number
}

export const T0 = Date.UTC(2026, 4, 4, 8)

const deviceMs = (devices: number) => BigInt(Math.round(devices * SLICE_MS))

/** Slices in a row from T0 on. */
export const row = (parts: readonly PlainSlice[], fromMs = T0): ZoneSlice[] =>
  parts.map(({ cap = 100, known = cap, busy, changed = 0 }, at) => ({
    fromMs: fromMs + at * SLICE_MS,
    baseMs: deviceMs(cap),
    knownMs: deviceMs(known),
    busyX1000: deviceMs(busy) * 1000n,
    sourceChangedMs: deviceMs(changed),
  }))

export const times = (count: number, part: PlainSlice): PlainSlice[] =>
  Array.from({ length: count }, () => part)
