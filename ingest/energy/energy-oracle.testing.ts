import { added, energyOf, type PowerSample } from './trapezoid.ts'

/** What a device printed at one moment; null = not read. */
export interface OracleReading {
  readonly device: number
  readonly atMs: number
  readonly stepMs: number
  /** Place in the log: of two samples in one cell the first wins. */
  readonly position: number
  readonly energyMj: number | null
  readonly powerMw: number | null
}

/** Capacity of a device at a place, half-open, epoch ms. */
export interface OracleSpan {
  readonly device: number
  readonly fromMs: number
  readonly toMs: number
  readonly rack: string
}

export interface OracleDevice {
  readonly device: number
  readonly model: string
  readonly capWatts: number
  /** Devices with the same board share one reading. */
  readonly board: string
  readonly isPartition: boolean
  readonly index: number
}

export interface OracleFleet {
  readonly readings: readonly OracleReading[]
  readonly spans: readonly OracleSpan[]
  readonly devices: readonly OracleDevice[]
}

/** Sums of a row; `power` in halves of a microjoule until they are all added. */
interface Sums {
  readonly devices: Set<number>
  capacityMs: number
  counterMj: bigint
  counterMs: number
  power: bigint
  powerMs: number
  bothMs: number
  bothCounterMj: bigint
  bothPower: bigint
  bridgedMj: bigint
  bridgedMs: number
  bridgedFromMs: number
  bridgedToMs: number
  resets: number
  rejected: number
}

/** A row of energy_15m as numbers. */
export type OracleRow = Record<string, number>

interface Pair {
  readonly from: OracleReading
  readonly to: OracleReading
  readonly mj: bigint
  readonly isReset: boolean
  readonly isRejected: boolean
  readonly isBridged: boolean
}

const cellOf = ({ atMs, stepMs }: OracleReading) => Math.floor(atMs / stepMs) * stepMs
const isFar = (from: OracleReading, to: OracleReading) =>
  cellOf(to) - cellOf(from) > 3 * from.stepMs

/** One reading per cell: the first that has a counter, else the first; in the order of time. */
function chosen(readings: readonly OracleReading[]): OracleReading[] {
  const cells = Map.groupBy(
    readings.filter(({ energyMj, powerMw }) => energyMj !== null || powerMw !== null),
    cellOf,
  )
  const order = (a: OracleReading, b: OracleReading) =>
    Number(a.energyMj === null) - Number(b.energyMj === null) || a.position - b.position
  return [...cells.values()]
    .flatMap((members) => members.toSorted(order).slice(0, 1))
    .sort((a, b) => a.atMs - b.atMs || cellOf(a) - cellOf(b))
}

function pairsOf(readings: readonly OracleReading[], capWatts: number, bridgeMs: number): Pair[] {
  const counters = readings.filter(({ energyMj }) => energyMj !== null)
  return counters.slice(1).flatMap((to, at): Pair[] => {
    const from = counters[at] ?? to
    const spanMs = to.atMs - from.atMs
    if (spanMs <= 0 || spanMs > bridgeMs) return []
    const [before, after] = [BigInt(from.energyMj ?? 0), BigInt(to.energyMj ?? 0)]
    const isReset = after < before
    const mj = isReset ? after : after - before
    const isRejected = mj * 10_000n > 13n * BigInt(capWatts * 1000) * BigInt(spanMs)
    return [{ from, to, mj, isReset, isRejected, isBridged: isFar(from, to) }]
  })
}

const until = ({ from, to, mj }: Pair, ms: number) =>
  (mj * BigInt(ms - from.atMs)) / BigInt(to.atMs - from.atMs)

const NOTHING = (): Sums => ({
  devices: new Set(),
  capacityMs: 0,
  counterMj: 0n,
  counterMs: 0,
  power: 0n,
  powerMs: 0,
  bothMs: 0,
  bothCounterMj: 0n,
  bothPower: 0n,
  bridgedMj: 0n,
  bridgedMs: 0,
  bridgedFromMs: Infinity,
  bridgedToMs: 0,
  resets: 0,
  rejected: 0,
})

/** Energy of a device in one span, moment by moment between its readings. */
function sumsOf(
  readings: readonly OracleReading[],
  pairs: readonly Pair[],
  span: Pick<OracleSpan, 'fromMs' | 'toMs'>,
): Sums {
  const sums = NOTHING()
  sums.capacityMs = span.toMs - span.fromMs
  for (const { to, isReset, isRejected } of pairs) {
    if (to.atMs <= span.fromMs || to.atMs > span.toMs) continue
    sums.resets += Number(isReset)
    sums.rejected += Number(isRejected)
  }
  const curve = readings.filter(({ powerMw }) => powerMw !== null)
  for (const [at, next] of readings.slice(1).entries()) {
    const first = readings[at] ?? next
    const fromMs = Math.max(first.atMs, span.fromMs)
    const toMs = Math.min(next.atMs, span.toMs)
    if (toMs <= fromMs) continue
    const power = powerWithin(curve, fromMs, toMs)
    const pair = pairs.find(({ from, to }) => from.atMs <= fromMs && to.atMs >= toMs)
    if (pair === undefined || pair.isRejected) {
      sums.power += power.halfMicrojoules
      sums.powerMs += power.knownMs
      continue
    }
    const mj = until(pair, toMs) - until(pair, fromMs)
    sums.counterMj += mj
    sums.counterMs += toMs - fromMs
    if (pair.isBridged) {
      sums.bridgedMj += mj
      sums.bridgedMs += toMs - fromMs
      sums.bridgedFromMs = Math.min(sums.bridgedFromMs, pair.from.atMs)
      sums.bridgedToMs = Math.max(sums.bridgedToMs, pair.to.atMs)
    } else if (!pair.isReset && power.knownMs > 0) {
      sums.bothMs += toMs - fromMs
      sums.bothCounterMj += mj
      sums.bothPower += power.halfMicrojoules
    }
  }
  return sums
}

/** The trapezoids of trapezoid.ts; two readings too far apart in cells are two curves. */
function powerWithin(curve: readonly OracleReading[], fromMs: number, toMs: number) {
  let sum = { halfMicrojoules: 0n, knownMs: 0 }
  for (const [at, to] of curve.slice(1).entries()) {
    const from = curve[at] ?? to
    if (isFar(from, to)) continue
    const sample = (one: OracleReading): PowerSample => ({
      atMs: one.atMs,
      milliwatts: one.powerMw ?? 0,
    })
    sum = added(sum, energyOf([sample(from), sample(to)], { fromMs, toMs }, Infinity))
  }
  return sum
}

interface DeviceSums extends OracleDevice {
  readonly parts: readonly { readonly rack: string; readonly sums: Sums }[]
  readonly capacityMs: number
  readonly counterMs: number
  readonly powerMs: number
}

/**
 * DEFINITIONS section 7 for one bucket, by `rack/model`: what ingest/energy/energy.sql does, written as plainly as it can be.
 */
export function energyOracle(
  fleet: OracleFleet,
  bucket: { readonly fromMs: number; readonly toMs: number; readonly bridgeMs: number },
): Map<string, OracleRow> {
  const devices = fleet.devices.map((device): DeviceSums => {
    const own = chosen(fleet.readings.filter((reading) => reading.device === device.device))
    const pairs = pairsOf(own, device.capWatts, bucket.bridgeMs)
    const parts = fleet.spans.flatMap((span) => {
      const fromMs = Math.max(span.fromMs, bucket.fromMs)
      const toMs = Math.min(span.toMs, bucket.toMs)
      if (span.device !== device.device || toMs <= fromMs) return []
      return [{ rack: span.rack, sums: sumsOf(own, pairs, { fromMs, toMs }) }]
    })
    const total = (key: 'capacityMs' | 'counterMs' | 'powerMs') =>
      parts.reduce((sum, { sums }) => sum + sums[key], 0)
    return {
      ...device,
      parts,
      capacityMs: total('capacityMs'),
      counterMs: total('counterMs'),
      powerMs: total('powerMs'),
    }
  })
  const rows = new Map<string, Sums>()
  for (const members of Map.groupBy(
    devices.filter(({ parts }) => parts.length > 0),
    ({ board }) => board,
  ).values())
    addBoard(rows, members)
  return new Map([...rows].map(([key, sums]) => [key, rowOf(sums)]))
}

/** One device of a board counts, and speaks for the time of the others. */
function addBoard(rows: Map<string, Sums>, members: readonly DeviceSums[]): void {
  const [speaker] = members.toSorted(
    (a, b) =>
      b.counterMs + b.powerMs - (a.counterMs + a.powerMs) ||
      Number(a.isPartition) - Number(b.isPartition) ||
      a.index - b.index ||
      a.device - b.device,
  )
  for (const { device, model, parts, capacityMs } of members)
    for (const { rack, sums } of parts) {
      const key = `${rack}/${model}`
      const row = rows.get(key) ?? NOTHING()
      rows.set(key, row)
      row.devices.add(device)
      row.capacityMs += sums.capacityMs
      if (device === speaker?.device) addSums(row, sums)
      else {
        const counterMs = Math.min(speaker?.counterMs ?? 0, capacityMs)
        const powerMs = Math.min(speaker?.powerMs ?? 0, capacityMs - counterMs)
        row.counterMs += Math.floor((counterMs * sums.capacityMs) / capacityMs)
        row.powerMs += Math.floor((powerMs * sums.capacityMs) / capacityMs)
      }
    }
}

function addSums(row: Sums, sums: Sums): void {
  row.counterMj += sums.counterMj
  row.counterMs += sums.counterMs
  row.power += sums.power
  row.powerMs += sums.powerMs
  row.bothMs += sums.bothMs
  row.bothCounterMj += sums.bothCounterMj
  row.bothPower += sums.bothPower
  row.bridgedMj += sums.bridgedMj
  row.bridgedMs += sums.bridgedMs
  row.bridgedFromMs = Math.min(row.bridgedFromMs, sums.bridgedFromMs)
  row.bridgedToMs = Math.max(row.bridgedToMs, sums.bridgedToMs)
  row.resets += sums.resets
  row.rejected += sums.rejected
}

function rowOf(sums: Sums): OracleRow {
  const powerMj = sums.power / 2000n
  return {
    devices: sums.devices.size,
    capacity_ms: sums.capacityMs,
    energy_mj: Number(sums.counterMj + powerMj),
    counter_mj: Number(sums.counterMj),
    counter_ms: sums.counterMs,
    power_mj: Number(powerMj),
    power_ms: sums.powerMs,
    both_ms: sums.bothMs,
    both_counter_mj: Number(sums.bothCounterMj),
    both_power_mj: Number(sums.bothPower / 2000n),
    bridged_mj: Number(sums.bridgedMj),
    bridged_ms: sums.bridgedMs,
    bridged_from_ms: sums.bridgedToMs === 0 ? 0 : sums.bridgedFromMs,
    bridged_to_ms: sums.bridgedToMs,
    resets: sums.resets,
    rejected: sums.rejected,
    gaps_ms: sums.capacityMs - sums.counterMs - sums.powerMs,
  }
}
