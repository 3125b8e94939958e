import type { HourCell } from '#schemas/report/model.ts'
import { DEFAULT_ZONE_LEVELS } from '#schemas/zones.ts'

/** Hours of a heat map as rows of days; colour is never the only thing that tells them apart. */

export type HeatLevel = 'danger' | 'warn' | 'watch' | 'ticket' | 'ok' | 'unknown'

export interface HeatLook {
  readonly fill: string
  readonly ink: string
  /** Before the figure. */
  readonly mark: string
  readonly bold: boolean
}

/** Differ in lightness too, dark = low. */
export const HEAT_LOOK: Readonly<Record<HeatLevel, HeatLook>> = {
  danger: { fill: '#8c1538', ink: '#ffffff', mark: '■', bold: true },
  warn: { fill: '#c2601c', ink: '#ffffff', mark: '▲', bold: false },
  watch: { fill: '#e3c46c', ink: '#1d1a10', mark: '●', bold: false },
  ticket: { fill: '#dfe7e4', ink: '#22303a', mark: '', bold: false },
  ok: { fill: '#a9d6cc', ink: '#0e2a26', mark: '', bold: true },
  unknown: { fill: '#ffffff', ink: '#5a6a74', mark: '?', bold: false },
}

export interface HeatHour {
  readonly level: HeatLevel
  /** Whole percent, down: 59.9 is not 60. Empty where nothing is known. */
  readonly text: string
}

export interface HeatDay {
  readonly date: string
  /** By local hour 0 to 23; null = the day has no such hour, or the report does not hold it. */
  readonly hours: readonly (HeatHour | null)[]
  /** Minutes below the danger line over the whole day; those of which nothing is known stand behind it: `5, 180 ?`. */
  readonly below: string
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour)

/** Of an hour that comes twice when clocks go back the lower one is shown; the minutes count both. */
export function heatDays(cells: readonly HourCell[]): HeatDay[] {
  return [...Map.groupBy(cells, ({ local_date }) => local_date)].map(([date, day]) => ({
    date,
    hours: HOURS.map((hour) => hourOf(day.filter(({ local_hour }) => local_hour === hour))),
    below: belowText(day),
  }))
}

function belowText(day: readonly HourCell[]): string {
  const below = day.reduce((sum, cell) => sum + cell.below.danger, 0)
  const unknown = day.reduce((sum, cell) => sum + cell.unknown_minutes, 0)
  return unknown === 0 ? String(below) : `${below}, ${unknown} ?`
}

function hourOf(cells: readonly HourCell[]): HeatHour | null {
  if (cells.length === 0) return null
  const known = cells.flatMap(({ utilization }) => utilization ?? [])
  const ratio = known.length === 0 ? null : Math.min(...known)
  return { level: levelOf(ratio), text: ratio === null ? '' : wholePercent(ratio) }
}

// 1e-9 forgives binary representation: 0.57 x 100 is 56.99….
const wholePercent = (ratio: number) => String(Math.floor(ratio * 100 + 1e-9))

export function levelOf(ratio: number | null): HeatLevel {
  if (ratio === null) return 'unknown'
  const { danger, warn, watch, ticket } = DEFAULT_ZONE_LEVELS
  if (ratio < danger) return 'danger'
  if (ratio < warn) return 'warn'
  if (ratio < watch) return 'watch'
  return ratio < ticket ? 'ticket' : 'ok'
}
