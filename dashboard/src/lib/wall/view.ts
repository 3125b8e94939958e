import { geometryOf, PITCHES, type Arrangement, type Geometry } from './arrange.ts'
import type { WallPlaces } from './places.ts'

/** What of the picture is in sight: a size of cells, and the point at the stage's upper left corner. */
export interface View {
  readonly geometry: Geometry
  readonly left: number
  readonly top: number
}

export interface Stage {
  readonly width: number
  readonly height: number
  /** Px of the picture per px of the page. */
  readonly ratio: number
}

/** All of it, in the middle where it is smaller than the stage. */
export function viewAll(places: WallPlaces, arrangement: Arrangement, stage: Stage): View {
  return held(geometryOf(places, arrangement, arrangement.fit, stage.ratio), 0, 0, stage)
}

/** Keeps the picture in the stage. */
export function held(geometry: Geometry, left: number, top: number, stage: Stage): View {
  return {
    geometry,
    left: within(left, geometry.width, stage.width, 0.5),
    // Halls begin at the top: a gap above a name would look like a name that is missing.
    top: within(top, geometry.height, stage.height, 0),
  }
}

function within(at: number, length: number, room: number, middle: number): number {
  if (length <= room) return Math.round((length - room) * middle)
  return Math.round(Math.min(length - room, Math.max(0, at)))
}

/** The next size of cells; the point of the stage stays over what it was over. */
export function zoomed(
  places: WallPlaces,
  { arrangement, view, stage }: { arrangement: Arrangement; view: View; stage: Stage },
  steps: number,
  at: { readonly x: number; readonly y: number },
): View {
  const { geometry } = view
  const sizes = [arrangement.fit, ...PITCHES.map((pitch) => pitch * Math.ceil(stage.ratio))].filter(
    (pitch) => pitch >= arrangement.fit,
  )
  const known = [...new Set(sizes)].toSorted((a, b) => a - b)
  const now = known.findIndex((pitch) => pitch >= geometry.pitch)
  const next = known[Math.min(known.length - 1, Math.max(0, now + steps))] ?? arrangement.fit
  if (next === geometry.pitch) return view
  const grown = geometryOf(places, arrangement, next, stage.ratio)
  const scaled = (point: number, from: number, to: number) => (point * to) / Math.max(1, from)
  return held(
    grown,
    scaled(view.left + at.x, geometry.width, grown.width) - at.x,
    scaled(view.top + at.y, geometry.height, grown.height) - at.y,
    stage,
  )
}

/** Brings a box of the picture into sight, in the middle when it is not. */
export function inSight(
  view: View,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  stage: Stage,
): View {
  const { geometry, left, top } = view
  const isIn =
    box.x >= left &&
    box.y >= top &&
    box.x + box.width <= left + stage.width &&
    box.y + box.height <= top + stage.height
  if (isIn) return view
  return held(
    geometry,
    box.x + box.width / 2 - stage.width / 2,
    box.y + box.height / 2 - stage.height / 2,
    stage,
  )
}
