import * as fc from 'fast-check'
import {
  type Claim,
  type Edge,
  EMPTY_FLEET,
  type Fleet,
  OPEN_MS,
  type Reading,
  type StateInterval,
  type Told,
} from './states-fleet.testing.ts'

/** Random fleets whose rows reach the store in several lots: what came first, what came late, what corrects it. */

const MINUTE = 60_000
export const LOTS = 3

/** What a device does for a while. */
const MOODS = ['busy', 'quiet', 'silent', 'patchy', 'low', 'hot', 'edge'] as const
const stretch = fc.record({
  mood: fc.constantFrom(...MOODS, 'quiet' as const, 'quiet' as const),
  minutes: fc.oneof(
    fc.constantFrom(1, 2, 14, 15, 16, 59, 60, 61, 119, 120, 121),
    fc.integer({ min: 1, max: 40 }),
  ),
})
/** From and length, seconds after the start; half of them at whole minutes. */
const span = (minutes: number) =>
  fc
    .tuple(
      fc.integer({ min: -600, max: minutes * 60 }),
      fc.integer({ min: 1, max: minutes * 60 }),
      fc.boolean(),
    )
    .map(([from, length, isWhole]): [number, number] =>
      isWhole ? [Math.round(from / 60) * 60, Math.ceil(length / 60) * 60] : [from, length],
    )
const lot = fc.constantFrom(0, 0, 0, 1, 2)
const claim = (minutes: number) =>
  fc.record({
    span: span(minutes),
    source: fc.constantFrom('slurm' as const, 'slurm' as const, 'csv' as const, 'api' as const),
    holder: fc.constantFrom('j1', 'j2', 'j3'),
    class: fc.constantFrom('training', 'training', 'interactive', 'serving', 'verification', ''),
    share: fc.constantFrom(0, 0, 0, 0, 300_000, 500_000, 800_000, 333_333),
    lot,
    /** The next lot says another end, or takes it back. */
    correction: fc.option(fc.constantFrom(0, 0.5, 1.5), { freq: 3 }),
  })
const drawnDevice = (minutes: number) =>
  fc.record({
    stepS: fc.constantFrom(60, 60, 60, 30, 20),
    stretches: fc.array(stretch, { minLength: 3, maxLength: 8 }),
    /** Minutes whose samples come in a later lot. */
    late: fc.array(fc.tuple(fc.nat({ max: minutes }), fc.integer({ min: 1, max: 15 })), {
      maxLength: 1,
    }),
    claims: fc.array(claim(minutes), { maxLength: 4 }),
    states: fc.array(
      fc.record({
        kind: fc.constantFrom('failed' as const, 'drained' as const, 'verification' as const),
        span: span(minutes),
        lot,
      }),
      { maxLength: 1 },
    ),
    faults: fc.array(
      fc.record({
        span: span(minutes),
        type: fc.constantFrom('xid', 'device_missing', 'notice'),
        isClosed: fc.boolean(),
        lot,
      }),
      { maxLength: 1 },
    ),
    labels: fc.array(
      fc.record({ minute: fc.nat({ max: minutes }), pod: fc.constantFrom('', 'p1', 'p2'), lot }),
      { maxLength: 2 },
    ),
    capacity: fc.option(
      span(minutes).map(([from, length]) => [from * 1000 + 7, length * 1000]),
      { freq: 4 },
    ),
    vendor: fc.constantFrom('nvidia', 'huawei'),
  })
type Drawn = ReturnType<typeof drawnDevice> extends fc.Arbitrary<infer One> ? One : never

const drawnPlaces = (minutes: number) =>
  fc.record({
    scopes: fc.array(
      fc.record({
        span: span(minutes),
        source: fc.constantFrom('slurm' as const, 'csv' as const),
        node: fc.constantFrom('', 'n0'),
        lot,
      }),
      { maxLength: 2 },
    ),
    references: fc.array(
      fc.record({
        class: fc.constantFrom('training', ''),
        model: fc.constantFrom('H100', ''),
        second: fc.integer({ min: -600, max: minutes * 60 }),
        ppm: fc.constantFrom(654_321, 987_653),
        lot,
      }),
      { maxLength: 2 },
    ),
    places: fc.array(
      fc.record({
        device: fc.nat({ max: 3 }),
        second: fc.integer({ min: -600, max: minutes * 60 }),
        rack: fc.constantFrom('r1', 'r2'),
        lot,
      }),
      { maxLength: 2 },
    ),
  })

const single = Math.fround
const CLOCK_MAX = 1.98e9

function reading(
  mood: (typeof MOODS)[number],
  tick: number,
): Omit<Reading, 'device' | 'atMs' | 'stepMs' | 'position'> | null {
  const clock = single(CLOCK_MAX)
  const full = { clock, clockMax: clock, reasons: 0x4, tensor: single(0.61), power: 400 }
  switch (mood) {
    case 'silent':
      return null
    case 'patchy':
      return tick % 5 === 0 ? { ...full, busy: tick % 2 === 0 ? single(0.01) : null } : null
    case 'quiet':
      return { ...full, busy: single(0.01 * (tick % 5)), power: 90.125 }
    case 'edge':
      return { ...full, busy: single(tick % 2 === 0 ? 0.05 : 0.049) }
    case 'low':
      return { ...full, busy: single(0.37), tensor: single(0.03 * (tick % 9)) }
    case 'hot': {
      const reasons = [0x20, 0x40, 0x80, 0x8, 0x28, 0x88, 0x4][tick % 7] ?? 0
      return {
        ...full,
        busy: single(tick % 3 === 0 ? 0.02 : 0.913),
        clock: single(1.1e9 + 1e7 * (tick % 11)),
        reasons,
      }
    }
    default:
      return { ...full, busy: single(0.5 + 0.1 * (tick % 5)) }
  }
}

type Lot = { -readonly [Key in keyof Fleet]: Fleet[Key][number][] }
const emptyLot = (): Lot => ({
  readings: [],
  intervals: [],
  claims: [],
  scopes: [],
  places: [],
  references: [],
  told: [],
  edges: [],
})

function addReadings(
  lots: readonly Lot[],
  device: number,
  drawn: Drawn,
  [fromMs, minutes]: readonly [number, number],
): void {
  const stepMs = drawn.stepS * 1000
  const ticks = (minutes * MINUTE) / stepMs
  let tick = 0
  for (let at = 0; tick < ticks; at += 1) {
    const { mood, minutes: length } = drawn.stretches[at % drawn.stretches.length] ?? {
      mood: 'busy',
      minutes: 1,
    }
    const end = Math.min(ticks, tick + (length * MINUTE) / stepMs)
    for (; tick < end; tick += 1) {
      const told = reading(mood, tick)
      if (told === null) continue
      const atMs = fromMs + tick * stepMs
      const minute = Math.floor((tick * stepMs) / MINUTE)
      const isLate = drawn.late.some(([first, count]) => minute >= first && minute < first + count)
      lots[isLate ? 1 + (device % 2) : 0]?.readings.push({
        ...told,
        device,
        atMs,
        stepMs,
        position: tick + 1,
      })
    }
  }
}

function addDevice(
  lots: readonly Lot[],
  device: number,
  drawn: Drawn,
  window: readonly [number, number],
): void {
  const [fromMs] = window
  const at = ([from, length]: readonly [number, number]) => ({
    fromMs: fromMs + from * 1000,
    toMs: fromMs + (from + length) * 1000,
  })
  addReadings(lots, device, drawn, window)
  const [from, length] = drawn.capacity ?? [-MINUTE, OPEN_MS - fromMs + MINUTE]
  const capacity: StateInterval = {
    kind: 'capacity',
    device,
    fromMs: fromMs + (from ?? 0),
    toMs: fromMs + (from ?? 0) + (length ?? 0),
  }
  lots[0]?.intervals.push(capacity)
  const told: Told = {
    device,
    atMs: fromMs - 3_600_000,
    node: `n${device % 3}`,
    cluster: `c${device % 2}`,
    vendor: drawn.vendor,
  }
  lots[0]?.told.push(told)
  for (const one of drawn.labels) {
    const pod = one.pod === '' ? {} : { pod: one.pod, namespace: 'ns', class: 'interactive' }
    lots[one.lot]?.told.push({ ...told, ...pod, atMs: fromMs + one.minute * MINUTE + 5_000 })
  }
  for (const one of drawn.states)
    lots[one.lot]?.intervals.push({ kind: one.kind, device, ...at(one.span) })
  const starts = new Set<string>()
  for (const one of drawn.claims) {
    const row: Claim = {
      device,
      ...at(one.span),
      source: one.source,
      holder: one.holder,
      tenant: `t-${one.holder}`,
      class: one.class,
      share: one.share,
    }
    const key = `${row.fromMs}:${row.source}:${row.holder}`
    if (starts.has(key)) continue
    starts.add(key)
    lots[one.lot]?.claims.push(row)
    if (one.correction !== null && one.lot + 1 < LOTS)
      lots[one.lot + 1]?.claims.push({
        ...row,
        toMs: row.fromMs + Math.round(one.span[1] * one.correction) * 1000,
        version: 2,
      })
  }
  for (const one of drawn.faults) {
    const { fromMs: openMs, toMs } = at(one.span)
    const edge = {
      device,
      collector: `k${device % 4}`,
      type: one.type,
      code: '79',
      severity: one.type === 'xid' ? 'fatal' : 'error',
    }
    const edges: Edge[] = [{ ...edge, atMs: openMs, edge: 'open' }]
    if (one.isClosed) edges.push({ ...edge, atMs: toMs, edge: 'closed' })
    else edges.push({ ...edge, device: 0, type: 'collector_start', atMs: toMs, edge: 'point' })
    lots[one.lot]?.edges.push(...edges)
  }
}

/** Lots of rows of 24 to 32 devices over `minutes` minutes from `fromMs` on, in the order in which they arrive. */
export const drawnLots = (fromMs: number, minutes: number): fc.Arbitrary<readonly Fleet[]> =>
  fc
    .tuple(fc.array(drawnDevice(minutes), { minLength: 24, maxLength: 32 }), drawnPlaces(minutes))
    .map(([devices, { scopes, references, places }]) => {
      const lots = Array.from({ length: LOTS }, emptyLot)
      devices.forEach((drawn, at) => addDevice(lots, at + 1, drawn, [fromMs, minutes]))
      for (const one of scopes) {
        const [from, length] = one.span
        const times = { fromMs: fromMs + from * 1000, toMs: fromMs + (from + length) * 1000 }
        lots[one.lot]?.scopes.push({ source: one.source, cluster: 'c0', node: one.node, ...times })
      }
      for (const { second, lot: at, ...one } of references)
        lots[at]?.references.push({ ...one, fromMs: fromMs + second * 1000 })
      for (const { second, lot: at, device, rack } of places)
        lots[at]?.places.push({ device, node: 'n1', rack, fromMs: fromMs + second * 1000 })
      return lots
    })

/** Everything that has arrived. */
export const together = (lots: readonly Fleet[]): Fleet =>
  lots.reduce(
    (all, one) => ({
      readings: [...all.readings, ...one.readings],
      intervals: [...all.intervals, ...one.intervals],
      claims: [...all.claims, ...one.claims],
      scopes: [...all.scopes, ...one.scopes],
      places: [...all.places, ...one.places],
      references: [...all.references, ...one.references],
      told: [...all.told, ...one.told],
      edges: [...all.edges, ...one.edges],
    }),
    EMPTY_FLEET,
  )
