import { expect, it } from 'vitest'
import type { WallLayout } from '#schemas/api-wall.ts'
import { emptyWall, marginByte, ratioByte, WALL_STATES } from '#schemas/wall.ts'
import { arrange, cellAt, deviceAt, devicesIn, geometryOf, neighbour } from './arrange.ts'
import { countClasses, readBy, scaleOf } from './classes.ts'
import { deviceCsvRow, figuresOf, selectionFigures } from './figures.ts'
import { blend, paint } from './paint.ts'
import { find, placesOf, slotOf } from './places.ts'
import { aheadOf, MINUTE_MS, readAt, sliderWindow, SPAN_MS, within } from './rewind.ts'
import { TEXTS } from './texts.ts'
import { className } from './words.ts'

const kind = { vendor: 'nvidia', model: 'H100', pool: 'main', power_cap_watts: 700 }
/** Two halls; the second has a node of 16, which takes two lines, and one whose driver skips an index. */
const layout: WallLayout = {
  definition: '2026.1',
  simulated: true,
  stamp: 1,
  devices: 46,
  settled_from: null,
  kinds: [
    { ...kind, usd_per_hour: 2, price_is_assumed: true },
    { ...kind, usd_per_hour: null, price_is_assumed: false },
  ],
  halls: [
    {
      cluster: 'east',
      hall: 'h1',
      rows: [
        { row: 'a', racks: [{ rack: 'a1', nodes: ['n1', 'n2'], devices: [8, 8], kinds: [0, 0] }] },
        { row: 'b', racks: [{ rack: 'b1', nodes: ['n3'], devices: [8], kinds: [0] }] },
      ],
    },
    {
      cluster: 'west',
      hall: 'h2',
      rows: [
        {
          row: '',
          racks: [
            { rack: 'c1', nodes: ['n4'], devices: [16], kinds: [1] },
            {
              rack: 'c2',
              nodes: ['n5'],
              devices: [6],
              kinds: [1],
              slots: [[0, 1, 3, 4, 5, -1]],
            },
          ],
        },
      ],
    },
  ],
}
const places = placesOf(layout)
const stage = { width: 600, height: 400, ratio: 1 }
const arrangement = arrange(places, stage)
const geometry = geometryOf(places, arrangement, arrangement.fit, 1)

it('every device has a cell of its own within the stage, and is found under it', () => {
  const cells = new Set<string>()
  for (let device = 0; device < layout.devices; device += 1) {
    const { x, y } = cellAt(places, geometry, device)
    cells.add(`${x} ${y}`)
    expect(x + geometry.cell).toBeLessThanOrEqual(stage.width)
    expect(y + geometry.cell).toBeLessThanOrEqual(stage.height)
    expect(deviceAt(places, geometry, x, y)).toBe(device)
  }
  expect(cells.size).toBe(layout.devices)
  expect(deviceAt(places, geometry, -5, 0)).toBeNull()
  // Another size of cells moves nothing relative to its neighbours.
  const larger = geometryOf(places, arrangement, arrangement.fit * 2, 1)
  expect(neighbour(places, larger, 0, [0, 1])).toBe(neighbour(places, geometry, 0, [0, 1]))
})

it('steps go to the next cell, over the edge to the next rack, and stay where nothing follows', () => {
  const step = (device: number, dx: number, dy: number) =>
    neighbour(places, geometry, device, [dx, dy])
  expect([step(0, 1, 0), step(0, 0, 1), step(9, -1, 0), step(9, 0, -1)]).toEqual([1, 8, 8, 1])
  expect(step(24, 0, 1)).toBe(32)
  expect(step(12, 0, 1)).toBe(20)
  expect(step(0, -1, 0)).toBe(0)
})

it('a box takes the devices that it touches', () => {
  const [from, to] = [cellAt(places, geometry, 0), cellAt(places, geometry, 9)]
  const box = { x0: to.x + 1, y0: to.y + 1, x1: from.x, y1: from.y }
  expect(devicesIn(places, geometry, box)).toEqual([0, 1, 8, 9])
})

it('names are found by a part, the closest first; indexes are those of the driver', () => {
  expect(find(places, 'n', null).map(({ name }) => name)).toEqual(['n1', 'n2', 'n3', 'n4', 'n5'])
  expect(find(places, '1', null).map(({ kind: of, name }) => `${of} ${name}`)).toEqual([
    'hall h1',
    'rack a1',
    'rack b1',
    'rack c1',
    'node n1',
  ])
  const ids = BigUint64Array.from({ length: 46 }, (_, at) => 12_340n + BigInt(at))
  expect(find(places, '12345', ids)).toEqual([
    { kind: 'device', name: '12345', first: 5, count: 1 },
  ])
  expect(find(places, '  ', ids)).toEqual([])
  expect([slotOf(places, 3), slotOf(places, 42), slotOf(places, 45)]).toEqual([3, 3, null])
})

it('classes: edges belong above, unknown is a class of its own, young samples are the good ones', () => {
  const busy = scaleOf('busy', 'live')
  const at = (ratio: number | null) => busy.classes[busy.classOf[ratioByte(ratio)] ?? -1]?.key
  expect([at(0), at(0.05), at(0.6), at(0.599), at(1), at(null)]).toEqual([
    '..0.05',
    '0.05..0.3',
    '0.6..0.75',
    '0.6..0.75',
    '0.9..',
    'unknown',
  ])
  expect(scaleOf('coverage', 'live').classes[0]).toMatchObject({
    range: [null, 10],
    tone: 'heat-6',
  })
  expect(scaleOf('coverage', 'settled').classes[0]).toMatchObject({ tone: 'heat-1' })
  const margin = scaleOf('margin', 'live')
  expect(margin.classes[margin.classOf[marginByte(-3)] ?? -1]?.range).toEqual([null, 0])
  expect([readBy('power'), readBy('nonsense'), readBy(null)]).toEqual(['power', 'state', 'state'])
  for (const scale of [busy, margin, scaleOf('coverage', 'live'), scaleOf('state', 'live')])
    for (const lang of ['en', 'zh'] as const)
      for (const one of scale.classes)
        expect(className(one, { by: scale.by, source: 'live', lang })).not.toMatch(
          /null|undefined|^$/,
        )
})

it('a group counts its classes; a selection says what it costs, and what nobody priced', () => {
  const wall = emptyWall(layout.devices)
  const scale = scaleOf('state', 'live')
  wall.state.fill(WALL_STATES.indexOf('productive'))
  wall.busy.fill(ratioByte(0.5), 0, 20)
  const figures = figuresOf(wall, scale, { first: 16, count: 8 })
  expect(figures).toMatchObject({ devices: 8, busy: 0.5, busyKnown: 4 })
  expect(figures.counts[WALL_STATES.indexOf('productive')]).toBe(8)
  expect(selectionFigures(places, wall, [0, 1, 30])).toEqual({
    devices: 3,
    nodes: 2,
    busy: 0.5,
    busyKnown: 2,
    usdPerHour: 4,
    unusedUsdPerHour: 2,
    unpriced: 1,
    isAssumed: true,
  })
  expect(selectionFigures(places, wall, [30])).toMatchObject({ usdPerHour: null, busy: null })
  const row = deviceCsvRow(places, wall, 17, { id: '9', slot: 1, source: 'live' })
  expect(row.slice(0, 10)).toEqual([
    '9',
    'east',
    'h1',
    'b1',
    'n3',
    1,
    'H100',
    'main',
    'productive',
    0.5,
  ])
  expect(countClasses(scale, emptyWall(3).state).at(-1)).toBe(3)
})

it('cells are painted in the colour of their class, unknown is hatched, and what is not shown fades', () => {
  const wall = emptyWall(layout.devices)
  wall.state[0] = WALL_STATES.indexOf('productive')
  wall.state[1] = WALL_STATES.indexOf('unknown')
  const scale = scaleOf('state', 'live')
  const colours = Uint32Array.from(scale.classes, (_, at) => (0xff000000 + at + 1) >>> 0)
  const picture = { pixels: new Uint32Array(600 * 400), width: 600, height: 400 }
  const input = {
    places,
    geometry,
    scale,
    column: wall.state,
    left: 0,
    top: 0,
    shown: new Set<number>(),
  }
  paint(picture, { ...input, palette: { colours, paper: 0xffffffff } })
  const pixelsOf = (device: number) => {
    const { x, y } = cellAt(places, geometry, device)
    return Array.from({ length: geometry.cell ** 2 }, (_, at) => {
      const line = y + Math.floor(at / geometry.cell)
      return picture.pixels[line * 600 + x + (at % geometry.cell)]
    })
  }
  expect(new Set(pixelsOf(0))).toEqual(new Set([0xff000009]))
  expect(new Set(pixelsOf(1))).toEqual(new Set([0xff000004, 0xffffffff]))
  // Not counted then: nothing is drawn.
  expect(new Set(pixelsOf(2))).toEqual(new Set([0xffffffff]))
  paint(picture, { ...input, shown: new Set([0]), palette: { colours, paper: 0xffffffff } })
  expect(pixelsOf(0)[0]).toBe(blend(0xff000009, 0xffffffff, 0.14))
})

it('rewind: whole minutes within what is settled, a day at a time', () => {
  const reach = { firstMs: 0, lastMs: 3 * SPAN_MS }
  expect(sliderWindow(reach, null)).toEqual({ firstMs: 2 * SPAN_MS, lastMs: 3 * SPAN_MS })
  expect(sliderWindow(reach, SPAN_MS)).toEqual({ firstMs: SPAN_MS / 2, lastMs: 1.5 * SPAN_MS })
  expect(within(reach, 4 * SPAN_MS)).toBe(reach.lastMs)
  expect(aheadOf(reach, reach.lastMs - MINUTE_MS)).toEqual([reach.lastMs])
  expect(readAt('1700000012345')).toBe(1_700_000_000_000 - (1_700_000_000_000 % MINUTE_MS))
  expect([readAt(null), readAt('-3'), readAt('soon')]).toEqual([null, null, null])
})

it('both languages have the same texts with the same figures, none empty', () => {
  const leaves = (value: object, path = ''): [string, string][] =>
    Object.entries(value).flatMap(([key, leaf]: [string, unknown]) => {
      const here = `${path}.${key}`
      if (typeof leaf === 'string') return [[here, leaf]]
      if (typeof leaf === 'function') return [[here, String(leaf('A1', 'B2'))]]
      return typeof leaf === 'object' && leaf !== null ? leaves(leaf, here) : []
    })
  const chinese = new Map(leaves(TEXTS.zh))
  const given = (text: string) => [...text.matchAll(/[A-B][1-2]/g)].map(String).toSorted()
  expect([...chinese.keys()]).toEqual(leaves(TEXTS.en).map(([key]) => key))
  for (const [key, text] of leaves(TEXTS.en)) {
    expect(text.trim(), key).not.toBe('')
    expect(given(chinese.get(key) ?? ''), key).toEqual(given(text))
  }
})
