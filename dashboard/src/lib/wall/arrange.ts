import type { WallPlaces } from './places.ts'

/**
 * Which hall stands in which column and which racks share a line. Found once for a stage; drawn at any size of cells, so that
 * zooming moves nothing relative to its neighbours.
 */

interface Line {
  readonly racks: readonly number[]
  /** The first line of a row of racks. */
  readonly opensRow: boolean
}
interface ArrangedHall {
  readonly hall: number
  readonly lines: readonly Line[]
}
export interface Arrangement {
  readonly columns: readonly (readonly ArrangedHall[])[]
  /** Cells and their gap, px, at which all of it fits the stage. */
  readonly fit: number
}

/** Where everything is drawn, px of the picture whose upper left corner is 0, 0. */
export interface Geometry {
  readonly pitch: number
  readonly cell: number
  readonly rackX: Int32Array
  readonly rackY: Int32Array
  /** Names of racks have room above them. */
  readonly hasRackNames: boolean
  readonly halls: readonly { readonly hall: number; readonly x: number; readonly y: number }[]
  readonly width: number
  readonly height: number
}

/** Sizes of a cell and its gap, px, that a picture can have. */
export const PITCHES = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 24, 28, 32, 40, 48,
] as const
const PITCH_MAX = 48
const PITCH_FALLBACK = 2
const COLUMNS_MAX = 8

/** Lengths that hang on how large a pixel is, px. */
interface Sizes {
  readonly hallName: number
  readonly rackName: number
  readonly columnGap: number
  readonly hallGap: number
}
const sizesAt = (pitch: number, ratio: number): Sizes => ({
  hallName: 22 * ratio,
  rackName: pitch >= 8 * ratio ? 14 * ratio : 0,
  columnGap: 24 * ratio,
  hallGap: 12 * ratio,
})
const rackGap = (pitch: number) => Math.max(pitch < 3 ? 1 : 2, Math.round(pitch * 0.7))
const lineGap = (pitch: number) => Math.max(2, Math.round(pitch * 0.6))
/** Tiny cells stand edge to edge: with gaps most of the picture would be paper. */
const cellOf = (pitch: number) => (pitch < 4 ? pitch : pitch < 14 ? pitch - 1 : pitch - 2)

/** The arrangement with the largest cells that all fit a stage of so many px; `ratio` = px of the picture per px of the page. */
export function arrange(
  places: WallPlaces,
  stage: { readonly width: number; readonly height: number; readonly ratio: number },
): Arrangement {
  let best: Arrangement | null = null
  const most = Math.min(
    PITCH_MAX,
    Math.ceil(Math.sqrt((stage.width * stage.height) / Math.max(1, places.layout.devices))),
  )
  for (
    let count = 1;
    count <= Math.min(COLUMNS_MAX, Math.max(1, places.halls.length));
    count += 1
  ) {
    for (let pitch = most; pitch > (best?.fit ?? 0); pitch -= 1) {
      const tried = arranged(places, { ...stage, pitch, count })
      const { width, height } = geometryOf(places, tried, pitch, stage.ratio)
      if (width <= stage.width && height <= stage.height) best = tried
    }
  }
  return best ?? arranged(places, { ...stage, pitch: PITCH_FALLBACK, count: 1 })
}

function arranged(
  places: WallPlaces,
  { width, ratio, pitch, count }: { width: number; ratio: number; pitch: number; count: number },
): Arrangement {
  const sizes = sizesAt(pitch, ratio)
  const room = Math.floor((width - (count - 1) * sizes.columnGap) / count)
  const columns = Array.from({ length: count }, (): ArrangedHall[] => [])
  const heights = columns.map(() => 0)
  places.halls.forEach((_hall, hall) => {
    const lines = linesOf(places, hall, { room, pitch })
    const column = heights.indexOf(Math.min(...heights))
    columns[column]?.push({ hall, lines })
    heights[column] = (heights[column] ?? 0) + hallHeight(places, lines, pitch, sizes)
  })
  return { columns, fit: pitch }
}

function linesOf(
  { halls, racks }: WallPlaces,
  hall: number,
  { room, pitch }: { room: number; pitch: number },
): Line[] {
  const { firstRack, racks: count } = halls[hall] ?? { firstRack: 0, racks: 0 }
  const all = Array.from({ length: count }, (_, at) => firstRack + at)
  const widthOf = (line: readonly number[]) =>
    line.reduce((sum, at) => sum + (racks[at]?.across ?? 0) * pitch + rackGap(pitch), 0) -
    rackGap(pitch)
  return [...Map.groupBy(all, (at) => racks[at]?.row).values()].flatMap((row, rowAt) => {
    const greedy: number[][] = []
    for (const at of row) {
      const line = greedy.at(-1)
      if (line === undefined || widthOf([...line, at]) > room) greedy.push([at])
      else line.push(at)
    }
    // As many in each line: a last rack alone would look like something special.
    const each = Math.ceil(row.length / Math.max(1, greedy.length))
    const even = greedy.map((_line, at) => row.slice(at * each, (at + 1) * each))
    const fits = even.every((line) => line.length > 0 && widthOf(line) <= room)
    return (fits ? even : greedy).map((line, at): Line => ({
      racks: line,
      opensRow: at === 0 && rowAt > 0,
    }))
  })
}

const lineHeight = ({ racks }: WallPlaces, line: Line, pitch: number) =>
  Math.max(...line.racks.map((rack) => racks[rack]?.lines ?? 0)) * pitch

function hallHeight(
  places: WallPlaces,
  lines: readonly Line[],
  pitch: number,
  sizes: Sizes,
): number {
  const drawn = lines.reduce(
    (sum, line) =>
      sum +
      lineHeight(places, line, pitch) +
      sizes.rackName +
      lineGap(pitch) * (line.opensRow ? 2 : 1),
    0,
  )
  return sizes.hallName + drawn + sizes.hallGap
}

/** Draws an arrangement at a size of cells. */
export function geometryOf(
  places: WallPlaces,
  { columns }: Pick<Arrangement, 'columns'>,
  pitch: number,
  ratio: number,
): Geometry {
  const sizes = sizesAt(pitch, ratio)
  const rackX = new Int32Array(places.racks.length)
  const rackY = new Int32Array(places.racks.length)
  const halls: Geometry['halls'][number][] = []
  let [x, height] = [0, 0]
  for (const column of columns) {
    let [y, widest] = [0, 0]
    for (const { hall, lines } of column) {
      halls.push({ hall, x, y })
      y += sizes.hallName
      for (const line of lines) {
        y += sizes.rackName + (line.opensRow ? lineGap(pitch) : 0)
        let at = x
        for (const rack of line.racks) {
          rackX[rack] = at
          rackY[rack] = y
          at += (places.racks[rack]?.across ?? 0) * pitch + rackGap(pitch)
        }
        widest = Math.max(widest, at - rackGap(pitch) - x)
        y += lineHeight(places, line, pitch) + lineGap(pitch)
      }
      y += sizes.hallGap
    }
    height = Math.max(height, y - sizes.hallGap)
    x += widest + sizes.columnGap
  }
  return {
    pitch,
    cell: cellOf(pitch),
    rackX,
    rackY,
    hasRackNames: sizes.rackName > 0,
    halls,
    width: Math.max(0, x - sizes.columnGap),
    height: Math.max(0, height),
  }
}

/** The device under a point of the picture; null = none. */
export function deviceAt(
  places: WallPlaces,
  geometry: Geometry,
  x: number,
  y: number,
): number | null {
  const { pitch, rackX, rackY } = geometry
  for (const [at, rack] of places.racks.entries()) {
    const across = Math.floor((x - (rackX[at] ?? 0)) / pitch)
    const down = Math.floor((y - (rackY[at] ?? 0)) / pitch)
    if (across < 0 || across >= rack.across || down < 0 || down >= rack.lines) continue
    for (let device = rack.first; device < rack.first + rack.count; device += 1) {
      if (places.across[device] === across && places.down[device] === down) return device
    }
  }
  return null
}

/** Upper left corner of a device's cell. */
export function cellAt(
  places: WallPlaces,
  geometry: Geometry,
  device: number,
): { x: number; y: number } {
  const rack = places.rackOf[device] ?? 0
  return {
    x: (geometry.rackX[rack] ?? 0) + (places.across[device] ?? 0) * geometry.pitch,
    y: (geometry.rackY[rack] ?? 0) + (places.down[device] ?? 0) * geometry.pitch,
  }
}

/** The nearest device in a direction: in the same rack, else in the next one that way; the same where there is none. */
export function neighbour(
  places: WallPlaces,
  geometry: Geometry,
  device: number,
  [dx, dy]: readonly [number, number],
): number {
  const from = cellAt(places, geometry, device)
  let [best, least] = [device, Number.POSITIVE_INFINITY]
  const consider = (first: number, count: number) => {
    for (let at = first; at < first + count; at += 1) {
      const to = cellAt(places, geometry, at)
      const along = (to.x - from.x) * dx + (to.y - from.y) * dy
      const aside = Math.abs((to.x - from.x) * dy) + Math.abs((to.y - from.y) * dx)
      // Straight on before aside: a step right stays on its line as long as there is one.
      const distance = along + 3 * aside
      if (along > 0 && distance < least) [best, least] = [at, distance]
    }
  }
  const own = places.racks[places.rackOf[device] ?? 0]
  if (own !== undefined) consider(own.first, own.count)
  if (least <= geometry.pitch) return best
  for (const { first, count, across, lines } of places.racks) {
    // Where it begins and how far it reaches tell whether it may hold something nearer.
    const to = cellAt(places, geometry, first)
    const span = Math.max(across, lines) * geometry.pitch
    const along = (to.x - from.x) * dx + (to.y - from.y) * dy
    if (along > -span && along - span < least) consider(first, count)
  }
  return best
}

/** Devices whose cells touch a rectangle of the picture. */
export function devicesIn(
  places: WallPlaces,
  geometry: Geometry,
  box: { readonly x0: number; readonly y0: number; readonly x1: number; readonly y1: number },
): number[] {
  const [left, right] = [Math.min(box.x0, box.x1), Math.max(box.x0, box.x1)]
  const [top, bottom] = [Math.min(box.y0, box.y1), Math.max(box.y0, box.y1)]
  const { pitch, rackX, rackY } = geometry
  return places.racks.flatMap((rack, at) => {
    const [x, y] = [rackX[at] ?? 0, rackY[at] ?? 0]
    if (x > right || y > bottom || x + rack.across * pitch < left || y + rack.lines * pitch < top)
      return []
    return Array.from({ length: rack.count }, (_, index) => rack.first + index).filter((device) => {
      const cell = cellAt(places, geometry, device)
      return (
        cell.x <= right &&
        cell.y <= bottom &&
        cell.x + geometry.cell >= left &&
        cell.y + geometry.cell >= top
      )
    })
  })
}
