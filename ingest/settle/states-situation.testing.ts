import { ALLOCATION_SOURCES, type AllocationSource } from '#schemas/ledger.ts'
import type { Claim, Fleet, Told } from './states-fleet.testing.ts'

/** What is said of a device at a moment: who holds it, by whose word, in which state, what is expected of it. */

const MINUTE = 60_000

export interface Holder {
  readonly isNamed: boolean
  readonly tenant: string
  readonly job: string
  readonly class: string
  /** 0..1 of the device. */
  readonly part: number
}
export interface Situation {
  readonly state: 'failed' | 'drained' | 'verification' | 'open'
  readonly source: AllocationSource
  readonly holders: readonly Holder[]
  readonly place: string
  /** By holder, millionths. */
  readonly references: readonly number[]
}

/** Of rows with one key the last version. */
function latest<Row extends { readonly version?: number }>(
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): Row[] {
  const byKey = new Map<string, Row>()
  for (const row of rows) {
    const known = byKey.get(keyOf(row))
    if (known === undefined || (row.version ?? 1) >= (known.version ?? 1))
      byKey.set(keyOf(row), row)
  }
  return [...byKey.values()]
}
const covers = (row: { readonly fromMs: number; readonly toMs: number }, ms: number) =>
  row.fromMs <= ms && ms < row.toMs
const lastBefore = <Row>(rows: readonly Row[], timeOf: (row: Row) => number, ms: number) =>
  rows
    .filter((row) => timeOf(row) <= ms)
    .sort((a, b) => timeOf(a) - timeOf(b))
    .at(-1)
const hasLabels = (one: Told) =>
  [one.tenant, one.job, one.namespace, one.pod].some((label) => (label ?? '') !== '')
export const minuteOf = (ms: number) => Math.floor(ms / MINUTE) * MINUTE

/** Fatal or missing, from its edge until it is closed, said again, or its collector starts anew. */
function faultsOf(fleet: Fleet, device: number) {
  return fleet.edges
    .filter(
      (one) =>
        one.device === device &&
        one.edge === 'open' &&
        (one.severity === 'fatal' || ['device_missing', 'device_unreadable'].includes(one.type)),
    )
    .map((open) => {
      const ends = fleet.edges.filter(
        (one) =>
          one.atMs > open.atMs &&
          (one.type === 'collector_start'
            ? one.collector === open.collector
            : one.device === device &&
              one.type === open.type &&
              one.code === open.code &&
              one.edge === 'closed'),
      )
      return { fromMs: open.atMs, toMs: Math.min(Infinity, ...ends.map((one) => one.atMs)) }
    })
}

function shared(claims: readonly Claim[]): Holder[] {
  const given = claims.reduce((sum, one) => sum + (one.share ?? 0), 0) / 1e6
  const open = claims.filter((one) => (one.share ?? 0) === 0).length
  const holders = claims.map((one): Holder => {
    const share = (one.share ?? 0) / 1e6
    const part = share === 0 ? Math.max(0, 1 - given) / open : share / Math.max(1, given)
    return {
      isNamed: true,
      tenant: one.tenant ?? '',
      job: one.holder,
      class: one.class ?? '',
      part,
    }
  })
  const left = open > 0 ? 0 : Math.max(0, 1 - given)
  if (left > 1e-9) holders.push({ isNamed: false, tenant: '', job: '', class: '', part: left })
  return holders.filter(({ part }) => part > 1e-9)
}

interface Asked {
  readonly fleet: Fleet
  readonly told: Told | undefined
  readonly claims: readonly Claim[]
  readonly cluster: string
  readonly ms: number
}
const rank = (source: AllocationSource) => ALLOCATION_SOURCES.indexOf(source)

/** Of claims the strongest source counts, then labels; a complete source that names nobody says that nobody holds. */
function whoHolds({
  fleet,
  told,
  claims,
  cluster,
  ms,
}: Asked): Pick<Situation, 'holders' | 'source'> {
  const here = claims.filter((one) => covers(one, ms))
  const strongest = Math.min(...here.map((one) => rank(one.source ?? 'slurm')))
  const holding = here.filter((one) => rank(one.source ?? 'slurm') === strongest)
  const scopes = fleet.scopes
    .filter(
      (one) =>
        one.cluster === cluster && ['', told?.node].includes(one.node ?? '') && covers(one, ms),
    )
    .sort((a, b) => rank(a.source) - rank(b.source))
  const isLabelled = fleet.told.some(
    (one) =>
      hasLabels(one) &&
      one.cluster === told?.cluster &&
      one.vendor === told.vendor &&
      minuteOf(one.atMs) <= ms,
  )
  const labelled: Holder = {
    isNamed: told !== undefined && hasLabels(told),
    tenant: told?.tenant || told?.namespace || '',
    job: told?.job || ((told?.pod ?? '') === '' ? '' : `${told?.namespace}/${told?.pod}`),
    class: told?.class ?? '',
    part: 1,
  }
  const holders = holding.length > 0 ? shared(holding) : [labelled]
  let source: AllocationSource = 'none'
  if (holding.length > 0) source = holding[0]?.source ?? 'slurm'
  else if (labelled.isNamed) source = 'telemetry'
  else if (scopes[0] !== undefined) source = scopes[0].source
  else if (isLabelled) source = 'telemetry'
  return { holders, source }
}

/** The entry of class and model, else of the class, else of the model, else of all; millionths, 0 = none. */
function expectedOf(fleet: Fleet, holder: Holder, model: string, ms: number): number {
  const names = [
    [holder.class, model],
    [holder.class, ''],
    ['', model],
    ['', ''],
  ]
  for (const [ofClass, ofModel] of names) {
    const entries = fleet.references.filter((one) => one.class === ofClass && one.model === ofModel)
    const entry = lastBefore(entries, (one) => one.fromMs, ms)
    if (entry !== undefined) return entry.ppm
  }
  return 0
}

/** Everything that is said of one device at one moment; null while it is not capacity. */
export function situations(fleet: Fleet, device: number): (ms: number) => Situation | null {
  const intervals = latest(
    fleet.intervals,
    (one) => `${one.kind}:${one.device}:${one.fromMs}`,
  ).filter((one) => one.device === device)
  const claims = latest(
    fleet.claims.filter((one) => one.device === device),
    (one) => `${one.fromMs}:${one.source}:${one.holder}`,
  )
  const tolds = fleet.told.filter((one) => one.device === device)
  const faults = faultsOf(fleet, device)
  return (ms) => {
    const isIn = (kind: string) => intervals.some((one) => one.kind === kind && covers(one, ms))
    if (!isIn('capacity')) return null
    // A description holds for the whole minute it was told in.
    const told = lastBefore(tolds, (one) => one.atMs, minuteOf(ms) + MINUTE - 1)
    const own = lastBefore(
      fleet.places.filter((one) => one.device === device),
      (one) => one.fromMs,
      ms,
    )
    const node = lastBefore(
      fleet.places.filter((one) => one.device === 0 && one.node === told?.node),
      (one) => one.fromMs,
      ms,
    )
    const cluster = own?.cluster || node?.cluster || told?.cluster || ''
    const rack = own?.rack || node?.rack || told?.rack || ''
    const { holders, source } = whoHolds({ fleet, told, claims, cluster, ms })
    const references = holders.map((holder) => expectedOf(fleet, holder, told?.model ?? 'H100', ms))
    let state: Situation['state'] = 'open'
    if (isIn('failed') || faults.some((one) => covers(one, ms))) state = 'failed'
    else if (isIn('drained')) state = 'drained'
    else if (isIn('verification')) state = 'verification'
    return { state, source, holders, place: `${cluster}/${rack}/${told?.node}`, references }
  }
}

/** Every moment at which something may change, whole minutes included. */
export function moments(fleet: Fleet, fromMs: number, toMs: number): number[] {
  const times = new Set<number>()
  for (let ms = fromMs; ms <= toMs; ms += MINUTE) times.add(ms)
  for (const rows of [fleet.intervals, fleet.claims, fleet.scopes])
    for (const row of rows) times.add(row.fromMs).add(row.toMs)
  for (const rows of [fleet.places, fleet.references]) for (const row of rows) times.add(row.fromMs)
  for (const edge of fleet.edges) times.add(edge.atMs)
  return [...times].filter((ms) => ms >= fromMs && ms <= toMs).sort((a, b) => a - b)
}
