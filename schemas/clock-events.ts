import type { Bilingual } from '#schemas/faults.ts'

/** Why clocks are below their maximum: a normal state, or a loss by power, heat or hardware. */
export type ClockEventKind = 'benign' | 'power' | 'heat' | 'hardware' | 'unknown'

export interface ClockEvent {
  readonly bit: number
  readonly kind: ClockEventKind
  readonly name: Bilingual
}

const event = (bit: number, kind: ClockEventKind, en: string, zh: string): ClockEvent => ({
  bit,
  kind,
  name: { en, zh },
})

/**
 * The bits of NVML's clock event reasons, as DCGM field 112 and nvidia-smi give them. A software power cap
 * near the limit is normal in training: lost clock counts, not the bit. Hardware slowdown, at least half of
 * the clock, is the parent of hardware thermal slowdown and power brake.
 */
export const CLOCK_EVENTS: readonly ClockEvent[] = [
  event(0x1, 'benign', 'Idle', '空闲'),
  event(0x2, 'benign', 'Application clocks', '应用时钟设置'),
  event(0x4, 'power', 'Software power cap', '软件功率上限'),
  event(0x8, 'hardware', 'Hardware slowdown', '硬件降频'),
  event(0x10, 'benign', 'Sync boost', '同步加速'),
  event(0x20, 'heat', 'Software thermal slowdown', '软件过热降频'),
  event(0x40, 'heat', 'Hardware thermal slowdown', '硬件过热降频'),
  event(0x80, 'hardware', 'Hardware power brake', '硬件功率刹车'),
  event(0x100, 'benign', 'Display clocks', '显示时钟'),
]

const BITS = 32

/** The reasons set in a mask, lowest bit first; bits nobody documented stay visible as unknown. */
export function clockEvents(mask: number): readonly ClockEvent[] {
  if (!Number.isInteger(mask) || mask <= 0 || mask >= 2 ** BITS) return []
  const found: ClockEvent[] = []
  for (let at = 0; at < BITS; at++) {
    const bit = 2 ** at
    if (Math.floor(mask / bit) % 2 === 0) continue
    const hex = `0x${bit.toString(16)}`
    const known = CLOCK_EVENTS.find((one) => one.bit === bit)
    found.push(known ?? event(bit, 'unknown', `Reason ${hex}`, `原因 ${hex}`))
  }
  return found
}
