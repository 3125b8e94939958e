import type { ExplainCause } from '#schemas/api-explain.ts'
import { UNATTRIBUTED } from '#schemas/ledger.ts'
import { BUSY_SOURCES } from '#schemas/metrics.ts'
import { type Holder, holderKey, isKnown, type NodePools, type Place } from './explain-cells.ts'
import {
  type DeviceEnds,
  type Flow,
  flowsOf,
  flowsOfDevices,
  type PoolEnds,
  type Stay,
} from './explain-flows.ts'

/** Whom a part of the change is told of. */
export interface Subject {
  readonly kind: 'job' | 'place' | 'counter'
  readonly key: string
  readonly name: string
  readonly cluster: string
  readonly tenant: string | null
}

/** A part of the change with one cause and one subject, as mean devices. */
export interface Piece {
  readonly cause: ExplainCause
  readonly subject: Subject
  readonly node: string
  readonly busy: number
  readonly known: number
  /** Devices concerned. */
  readonly devices: number
}

/** What a job held and did in both windows, mean devices. */
export interface JobEnds {
  heldA: number
  heldB: number
  knownA: number
  knownB: number
  busyA: number
  busyB: number
  /** One of its devices failed between the windows. */
  hasFailure: boolean
}

export interface Pieces {
  readonly pieces: readonly Piece[]
  /** By subject key. */
  readonly jobs: ReadonlyMap<string, JobEnds>
  /** Mean devices that throttling took, B minus A. */
  readonly throttledChange: number
}

/** A job that still holds more than this share of what it held has not ended. */
const ENDED_BELOW_SHARE = 0.5

export interface PieceRules {
  /** The question is about holders, so devices that leave it were released, not taken away. */
  readonly isHolderScope: boolean
  /** Share of the shorter window that the two minutes at the ends of a stall are: in them a job is busy in part. */
  readonly edgeShare: number
  /** Of nodes that were read by device, by key. */
  readonly byDevice: ReadonlyMap<string, readonly DeviceEnds[]>
}

/** The two minutes at the ends of what begins and ends within a minute, as a share of the shorter window. */
export const edgeShareOf = (aMs: number, bMs: number) => Math.min(1, 120_000 / Math.min(aMs, bMs))

/** Names a cause for all that moved between two windows. */
export function piecesOf(
  a: ReadonlyMap<string, NodePools>,
  b: ReadonlyMap<string, NodePools>,
  { isHolderScope, edgeShare, byDevice }: PieceRules,
): Pieces {
  const jobs = new Map<string, JobEnds>()
  const pieces: Piece[] = []
  let throttledChange = 0
  for (const key of [...new Set([...a.keys(), ...b.keys()])].sort()) {
    const [inA, inB] = [a.get(key), b.get(key)]
    addHeld(jobs, inA, 'A')
    addHeld(jobs, inB, 'B')
    const devices = byDevice.get(key)
    const { flows, stays } = devices === undefined ? flowsOf(inA, inB) : flowsOfDevices(devices)
    const stalls = new Map<string, number>()
    for (const flow of flows) {
      noteFailure(jobs, flow)
      const piece = flowPiece(flow, isHolderScope)
      if (piece === null) continue
      pieces.push(piece)
      if (piece.cause === 'jobs_stalled')
        stalls.set(flow.from.owner, (stalls.get(flow.from.owner) ?? 0) + piece.busy)
    }
    for (const stay of stays) {
      const stalled = stalls.get(stay.pool.owner) ?? 0
      pieces.push(...stayPieces(stay, Math.sign(stalled) * edgeShare))
    }
    throttledChange += throttledOf(inB) - throttledOf(inA)
  }
  return { pieces: pieces.map((piece) => failedTogether(piece, jobs)), jobs, throttledChange }
}

const throttledOf = (node: NodePools | undefined) =>
  [...(node?.pools.values() ?? [])].reduce((sum, { throttled }) => sum + throttled, 0)

function addHeld(jobs: Map<string, JobEnds>, node: NodePools | undefined, window: 'A' | 'B'): void {
  for (const { kind, owner: key, devices, busy } of node?.pools.values() ?? []) {
    if (key === '') continue
    const job = jobs.get(key) ?? { ...NOTHING_HELD }
    jobs.set(key, job)
    const known = isKnown(kind) ? devices : 0
    if (window === 'A') {
      job.heldA += devices
      job.knownA += known
      job.busyA += busy
    } else {
      job.heldB += devices
      job.knownB += known
      job.busyB += busy
    }
  }
}

const NOTHING_HELD: JobEnds = {
  heldA: 0,
  heldB: 0,
  knownA: 0,
  knownB: 0,
  busyA: 0,
  busyB: 0,
  hasFailure: false,
}

function noteFailure(jobs: ReadonlyMap<string, JobEnds>, { from, to }: Flow): void {
  const job = jobs.get(from.owner)
  if (job !== undefined && to.kind === 'failed') job.hasFailure = true
}

/** Jobs that ended while one of their devices failed did not end by themselves. */
function failedTogether(piece: Piece, jobs: ReadonlyMap<string, JobEnds>): Piece {
  const job = jobs.get(piece.subject.key)
  const isTorn = job?.hasFailure === true && job.heldB < ENDED_BELOW_SHARE * job.heldA
  return piece.cause === 'jobs_ended' && isTorn ? { ...piece, cause: 'jobs_failed' } : piece
}

/** States that say themselves why a device does no work, the strongest first. */
const STATE_CAUSES = [
  ['drained', 'drained'],
  ['failed', 'failed'],
  ['verification', 'verification'],
  ['unknown', 'telemetry_lost'],
] as const

/** Null for time that no job had before or after: what it was busy is part of the residual. */
function flowPiece({ place, from, to, devices }: Flow, isHolderScope: boolean): Piece | null {
  const known = (isKnown(to.kind) ? devices : 0) - (isKnown(from.kind) ? devices : 0)
  const busy = devices * (to.rate - from.rate)
  const piece = (cause: ExplainCause, subject: Subject): Piece => ({
    cause,
    subject,
    node: place.node,
    busy,
    known,
    devices,
  })
  const atPlace = (cause: ExplainCause) => piece(cause, placeSubject(place))
  if (from.kind === 'outside' || to.kind === 'outside') {
    const inside = from.kind === 'outside' ? to : from
    if (!isHolderScope || !isWork(inside)) return atPlace('capacity_changed')
    const cause = inside === to ? 'jobs_started' : 'jobs_ended'
    return piece(cause, jobSubject(inside, place))
  }
  const state = STATE_CAUSES.find(([kind]) => from.kind === kind || to.kind === kind)
  if (state !== undefined) return atPlace(state[1])
  if (from.owner === to.owner) {
    if (from.source !== to.source && from.source > 0 && to.source > 0)
      return piece('measurement_changed', counterSubject(from, to, place))
    if (from.holder !== null) {
      const isAlike = from.kind === to.kind
      const cause = isAlike ? 'same_jobs_less_efficient' : 'jobs_stalled'
      return piece(cause, jobSubject(from, place))
    }
  }
  if (!isWork(from) && !isWork(to)) return null
  // One job took over from another: told of the one that weighs more.
  const isEnd = isWork(from) && (!isWork(to) || busy < 0)
  return isEnd
    ? piece('jobs_ended', jobSubject(from, place))
    : piece('jobs_started', jobSubject(to, place))
}

const isWork = ({ kind, holder }: PoolEnds) => kind === 'active' || holder !== null

/**
 * The same job at work in both windows, more or less busy. What throttling took more of than before explains as much of
 * a fall as it took, no more. Of a job that stalled here (`edge` below zero) or came back (above), as much as the minutes in
 * which it did may hold goes with the stall. The rest is the job.
 */
function stayPieces({ place, pool, devices }: Stay, edge: number): Piece[] {
  const { kind, devicesA, devicesB } = pool
  // Quiet time has no job to blame: what its busy share drifted is part of the residual.
  if (kind !== 'active') return []
  const rise = pool.rateB - pool.rateA
  const cut = pool.throttledB / devicesB - pool.throttledA / devicesA
  const share = rise * cut < 0 ? Math.sign(rise) * Math.min(Math.abs(rise), Math.abs(cut)) : 0
  const piece = (cause: ExplainCause, subject: Subject, rate: number): Piece => ({
    cause,
    subject,
    node: place.node,
    busy: devices * rate,
    known: 0,
    devices,
  })
  const left = rise - share
  // Those minutes' share of the time that was still, or again, at work in the window with less of it.
  const inMinutes = (Math.abs(edge) * Math.max(devicesA, devicesB)) / Math.min(devicesA, devicesB)
  const most = Math.min(1, inMinutes) * Math.max(pool.rateA, pool.rateB)
  const stalled = left * edge > 0 ? Math.sign(left) * Math.min(Math.abs(left), most) : 0
  const rest = left - stalled
  return [
    ...(share === 0 ? [] : [piece('throttled', placeSubject(place), share)]),
    ...(stalled === 0
      ? []
      : [{ ...piece('jobs_stalled', jobSubject(pool, place), stalled), devices: 0 }]),
    ...(rest === 0 ? [] : [piece('same_jobs_less_efficient', jobSubject(pool, place), rest)]),
  ]
}

function jobSubject({ holder }: PoolEnds, { cluster }: Place): Subject {
  const named: Holder = holder ?? { cluster, tenant: UNATTRIBUTED, job: '' }
  const { tenant, job } = named
  const name = job === '' ? tenant : job
  return { kind: 'job', key: holderKey(named), name, cluster: named.cluster, tenant }
}

function placeSubject({ cluster, rack, node }: Place): Subject {
  const name = rack === '' ? node : rack
  return { kind: 'place', key: JSON.stringify([cluster, name]), name, cluster, tenant: null }
}

function counterSubject(from: PoolEnds, to: PoolEnds, { cluster }: Place): Subject {
  const name = `${counterName(from.source)} -> ${counterName(to.source)}`
  return { kind: 'counter', key: JSON.stringify([cluster, name]), name, cluster, tenant: null }
}

const counterName = (code: number) => BUSY_SOURCES[code] ?? `source_${code}`
