import type { Reading } from './states-fleet.testing.ts'

/** What the samples of one device say of a span: milliseconds, and shares as ratio x ms x 1,000. */
export interface Speech {
  known: number
  busy: number
  busyMax: number
  lost: number
  lostHeat: number
  lostPower: number
  lostBusy: number
  effectiveKnown: number
  effective: number
}

const HEAT = 0x20 | 0x40
const POWER_BRAKE = 0x80
const HARDWARE = 0x8
const CUT = HEAT | POWER_BRAKE | HARDWARE

const ppm = (ratio: number) => Math.round(ratio * 1e6)
const share = (millionths: number, ms: number) => Math.floor((millionths * ms) / 1000)

interface Spoken {
  readonly reading: Reading
  readonly fromMs: number
  readonly toMs: number
}

/** DEFINITIONS section 1: a sample owns its cell and bridges two empty ones; the first in the log wins. */
function cells(readings: readonly Reading[]): Spoken[] {
  const byCell = new Map<number, Reading>()
  for (const reading of [...readings].sort((a, b) => a.position - b.position)) {
    const cellMs = Math.floor(reading.atMs / reading.stepMs) * reading.stepMs
    if (!byCell.has(cellMs)) byCell.set(cellMs, reading)
  }
  const starts = [...byCell].sort(([a], [b]) => a - b)
  return starts.map(([fromMs, reading], at) => ({
    reading,
    fromMs,
    toMs: Math.min(fromMs + 3 * reading.stepMs, starts[at + 1]?.[0] ?? Infinity),
  }))
}

/** DEFINITIONS section 4, state 7: what cut clocks take of a second in which the device works, millionths. */
function lostOf({ busy, clock, clockMax, reasons }: Reading): number {
  if (((reasons ?? 0) & CUT) === 0 || busy === null || busy < 0.05) return 0
  if (clock == null || clockMax == null || clock >= clockMax) return 0
  return ppm(1 - clock / clockMax)
}

function add(into: Speech, reading: Reading, ms: number): void {
  const { busy, tensor, clock, clockMax } = reading
  if (busy !== null) {
    const lost = lostOf(reading)
    const reasons = reading.reasons ?? 0
    into.known += ms
    into.busyMax = Math.max(into.busyMax, busy)
    into.busy += share(ppm(busy), ms)
    into.lost += share(lost, ms)
    if ((reasons & HEAT) !== 0) into.lostHeat += share(lost, ms)
    else if ((reasons & POWER_BRAKE) !== 0) into.lostPower += share(lost, ms)
    into.lostBusy += share(Math.floor((ppm(busy) * lost) / 1e6), ms)
  }
  if (tensor == null || clock == null || clockMax == null) return
  into.effectiveKnown += ms
  into.effective += share(ppm(tensor * Math.min(1, clock / clockMax)), ms)
}

/** The samples of one device, asked for any span of time. */
export function spokenIn(readings: readonly Reading[]): (fromMs: number, toMs: number) => Speech {
  const spoken = cells(readings)
  let hint = 0
  return (fromMs, toMs) => {
    const speech: Speech = {
      known: 0,
      busy: 0,
      busyMax: 0,
      lost: 0,
      lostHeat: 0,
      lostPower: 0,
      lostBusy: 0,
      effectiveKnown: 0,
      effective: 0,
    }
    // Asked in order of time: what ended before is not looked at again.
    while ((spoken[hint]?.toMs ?? Infinity) <= fromMs) hint += 1
    for (let at = hint; at < spoken.length; at += 1) {
      const one = spoken[at]
      if (one === undefined || one.fromMs >= toMs) break
      const ms = Math.min(one.toMs, toMs) - Math.max(one.fromMs, fromMs)
      if (ms > 0) add(speech, one.reading, ms)
    }
    return speech
  }
}
