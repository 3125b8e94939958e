import type { WaterfallBar } from '#schemas/report/model.ts'

/** Where a bar of the waterfall stands, as shares of capacity. */
export interface PlacedBar {
  readonly bar: WaterfallBar
  /** 0..1 from the left edge, and how wide. */
  readonly from: number
  readonly width: number
  readonly look: 'whole' | 'busy' | 'loss' | 'unknown' | 'gain' | 'apart'
}

/** Capacity and busy are whole bars from the left; each step between them begins where the one before it ended. */
export function placedBars(waterfall: readonly WaterfallBar[]): PlacedBar[] {
  let level = 1
  return waterfall.map((bar): PlacedBar => {
    const { step } = bar
    if (step === 'capacity') return { bar, from: 0, width: bar.share, look: 'whole' }
    if (step === 'busy') return { bar, from: 0, width: bar.share, look: 'busy' }
    const isGain = (bar.gpu_hours.value ?? 0) > 0
    const from = isGain ? level : level - bar.share
    level = isGain ? level + bar.share : level - bar.share
    const look = isGain
      ? 'gain'
      : step === 'unknown'
        ? 'unknown'
        : step === 'verification'
          ? 'apart'
          : 'loss'
    return { bar, from: Math.max(0, from), width: bar.share, look }
  })
}

export const BAR_FILL: Readonly<Record<PlacedBar['look'], string>> = {
  whole: '#0b3a53',
  busy: '#00695f',
  loss: '#c2601c',
  unknown: '#b3c0c7',
  gain: '#5c9f96',
  apart: '#8eb4cb',
}
