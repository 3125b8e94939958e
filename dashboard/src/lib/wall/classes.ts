import type { LedgerState } from '#schemas/ledger.ts'
import {
  WALL_STATES,
  WALL_UNKNOWN,
  type WallColumn,
  type WallHead,
  wallValue,
} from '#schemas/wall.ts'

/** What a colour of the wall stands for. */

export const COLOUR_KEYS = [
  'state',
  'busy',
  'active',
  'effective',
  'margin',
  'power',
  'coverage',
] as const satisfies readonly WallColumn[]

/** How a cell is filled; shapes tell apart what hues may not. */
export type Fill = 'solid' | 'ring' | 'hatch' | 'cross' | 'none'

/** One class of values: what the legend names and counts. */
export interface ValueClass {
  /** A state; a range as `from..to`, an end left out where it is open; `unknown`, or `absent` (not counted then). */
  readonly key: string
  /** The lowest value of a range and the one that it ends before. */
  readonly range: readonly [number | null, number | null] | null
  readonly state: LedgerState | null
  /** Name of the colour: a CSS class of the legend, and what the picture looks up. */
  readonly tone: string
  readonly fill: Fill
}

export interface Scale {
  readonly by: WallColumn
  readonly classes: readonly ValueClass[]
  /** Byte -> place in `classes`. */
  readonly classOf: Uint8Array
}

const SHAPES: Readonly<Record<LedgerState, Fill>> = {
  failed: 'cross',
  drained: 'solid',
  verification: 'ring',
  unknown: 'hatch',
  unallocated: 'ring',
  idle_held: 'solid',
  throttled: 'solid',
  inefficient: 'ring',
  productive: 'solid',
}

const EDGES = {
  busy: [0.05, 0.3, 0.6, 0.75, 0.9],
  active: [0.05, 0.2, 0.4, 0.6, 0.8],
  effective: [0.05, 0.1, 0.2, 0.3, 0.4],
  margin: [0, 5, 10, 15, 25],
  power: [0.1, 0.3, 0.5, 0.7, 0.9],
  coverage: [0.5, 0.8, 0.95, 0.99, 1],
  age: [10, 20, 30, 60, 120],
} as const

const UNKNOWN: ValueClass = {
  key: 'unknown',
  range: null,
  state: null,
  tone: 'unknown',
  fill: 'hatch',
}
const ABSENT: ValueClass = { key: 'absent', range: null, state: null, tone: 'absent', fill: 'none' }

/** The scale of a column. Live coverage is the age of the newest sample: the young ones are the good ones. */
export function scaleOf(by: WallColumn, source: WallHead['source']): Scale {
  if (by === 'state') return stateScale()
  const isAge = by === 'coverage' && source === 'live'
  const edges = EDGES[isAge ? 'age' : by]
  const classes = [null, ...edges].map((from, at): ValueClass => {
    const to = edges[at] ?? null
    const tone = isAge ? edges.length + 1 - at : at + 1
    return {
      key: `${from ?? ''}..${to ?? ''}`,
      range: [from, to],
      state: null,
      tone: by === 'power' ? `load-${tone}` : `heat-${tone}`,
      fill: 'solid',
    }
  })
  const classOf = Uint8Array.from({ length: 256 }, (_, byte) => {
    const value = wallValue(by, byte, source)
    // A byte is a rounded value: what is printed as the edge belongs above it.
    return value === null ? classes.length : edges.filter((edge) => value >= edge - 1e-9).length
  })
  return { by, classes: [...classes, UNKNOWN], classOf }
}

function stateScale(): Scale {
  const classes = WALL_STATES.map((state): ValueClass => ({
    key: state,
    range: null,
    state,
    tone: state,
    fill: SHAPES[state],
  }))
  const classOf = new Uint8Array(256).fill(classes.length)
  WALL_STATES.forEach((_state, at) => {
    classOf[at] = at
  })
  return { by: 'state', classes: [...classes, ABSENT], classOf }
}

/** Devices of each class. */
export function countClasses(scale: Scale, column: Uint8Array): number[] {
  const counts = scale.classes.map(() => 0)
  for (const byte of column) {
    const at = scale.classOf[byte] ?? 0
    counts[at] = (counts[at] ?? 0) + 1
  }
  return counts
}

/** What a state's byte says; null = not counted. */
export const stateOf = (byte: number): LedgerState | null =>
  byte === WALL_UNKNOWN ? null : (WALL_STATES[byte] ?? null)

/** Whether a key of the address is one of a column. */
export const readBy = (text: string | null): WallColumn =>
  COLOUR_KEYS.find((key) => key === text) ?? 'state'
