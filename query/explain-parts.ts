import {
  EXPLAIN_CAUSES,
  type ExplainCause,
  type ExplainContributor,
  type ExplainPart,
} from '#schemas/api-explain.ts'
import type { JobEnds, Piece, Pieces, Subject } from './explain-causes.ts'
import { hostRanges } from './host-ranges.ts'

export const CONTRIBUTORS_MAX = 10
const HOUR_MS = 3_600_000
const PPM = 1_000_000n

/** Known and busy time of a scope over one window: integers, as the ledger sums them. */
export interface WindowTotals {
  readonly lengthMs: number
  readonly capacityMs: bigint
  readonly verificationMs: bigint
  readonly knownMs: bigint
  readonly busyX1000: bigint
}

export interface Parts {
  /** Null when nothing is known of one of the windows. */
  readonly changePpm: number | null
  readonly parts: readonly ExplainPart[]
  readonly residualPpm: number
}

/**
 * The change of utilization as whole millionths that sum exactly.
 *
 * With the means U = (U_A + U_B) / 2 and K = (K_A + K_B) / 2 of both windows, per unit of time,
 *
 *     U_B - U_A = sum of (busy_B - busy_A - U x (known_B - known_A)) / K
 *
 * over any parts of the scope (docs/explain.md has the line of algebra): busy time gained or lost counts in full, known
 * time gained or lost by how far it is from the mean. A part that did not change counts nothing, and exchanging the windows
 * turns every sign. Each part is rounded once; what is left of the whole, which is divided exactly, is the residual.
 */
export function partsOf(found: Pieces, a: WindowTotals, b: WindowTotals): Parts {
  if (a.knownMs <= 0n || b.knownMs <= 0n) return { changePpm: null, parts: [], residualPpm: 0 }
  const changePpm = exactChange(a, b)
  const known = { a: Number(a.knownMs) / a.lengthMs, b: Number(b.knownMs) / b.lengthMs }
  const meanKnown = (known.a + known.b) / 2
  const mean = (utilization(a) + utilization(b)) / 2
  const ppmOf = (sum: Sum) => roundAway(((sum.busy - mean * sum.known) / meanKnown) * Number(PPM))
  const hours = b.lengthMs / HOUR_MS
  const parts = byCause(found.pieces).map(([cause, subjects]) => {
    const whole = sumOf(subjects.values())
    const isThrottled = cause === 'throttled'
    return {
      cause,
      change_ppm: ppmOf(whole),
      device_hours: rim((isThrottled ? Math.abs(found.throttledChange) : whole.devices) * hours),
      busy_device_hours: rim(whole.busy * hours),
      ...listed(subjects, { ppmOf, hours, jobs: found.jobs, changePpm: ppmOf(whole) }),
    }
  })
  // Throttling takes clock, not busy time: it is told also where utilization did not move by it.
  const isTold = (part: ExplainPart) => part.change_ppm !== 0 || part.cause === 'throttled'
  const told = withThrottled(parts, found.throttledChange * hours)
    .filter(isTold)
    .sort((x, y) => Math.abs(y.change_ppm) - Math.abs(x.change_ppm) || byRank(x, y))
  const residualPpm = told.reduce((left, part) => left - part.change_ppm, changePpm)
  return { changePpm, parts: told, residualPpm: residualPpm + 0 }
}

/** A sum of doubles ends in digits that depend on their order: six decimals do not. */
const rim = (value: number) => roundAway(value * 1e6) / 1e6

const byRank = (x: ExplainPart, y: ExplainPart) =>
  EXPLAIN_CAUSES.indexOf(x.cause) - EXPLAIN_CAUSES.indexOf(y.cause)

/** Less than a second of one device is no news. */
const THROTTLED_HOURS_MIN = 1 / 3600

function withThrottled(parts: ExplainPart[], hours: number): ExplainPart[] {
  const isListed = parts.some(({ cause }) => cause === 'throttled')
  if (isListed || Math.abs(hours) < THROTTLED_HOURS_MIN) return parts
  const nothing = { contributors: [], others: { count: 0, change_ppm: 0 } }
  const part = { cause: 'throttled', change_ppm: 0, busy_device_hours: 0, ...nothing } as const
  return [...parts, { ...part, device_hours: rim(Math.abs(hours)) }]
}

const utilization = ({ busyX1000, knownMs }: WindowTotals) =>
  Number(busyX1000) / 1000 / Number(knownMs)

/** U_B - U_A in whole millionths, divided once. */
function exactChange(a: WindowTotals, b: WindowTotals): number {
  const above = (b.busyX1000 * a.knownMs - a.busyX1000 * b.knownMs) * PPM
  const below = a.knownMs * b.knownMs * 1000n
  const size = above < 0n ? -above : above
  const rounded = Number((2n * size + below) / (2n * below))
  return above < 0n ? 0 - rounded : rounded
}

/** To the nearest, halves away from zero: the same digits for the change and its reverse. */
const roundAway = (value: number) => Math.sign(value) * Math.round(Math.abs(value)) + 0

interface Sum {
  busy: number
  known: number
  devices: number
}

interface SubjectSum extends Sum {
  readonly subject: Subject
  readonly nodes: Set<string>
}

/** Pieces by cause and subject; of a job that kept its devices the sign says whether it does more or less. */
function byCause(pieces: readonly Piece[]): [ExplainCause, Map<string, SubjectSum>][] {
  const causes = new Map<ExplainCause, Map<string, SubjectSum>>()
  const add = (cause: ExplainCause, { subject, ...piece }: Omit<Piece, 'cause'>) => {
    const subjects = causes.get(cause) ?? new Map<string, SubjectSum>()
    causes.set(cause, subjects)
    const sum = subjects.get(subject.key) ?? {
      subject,
      nodes: new Set(),
      busy: 0,
      known: 0,
      devices: 0,
    }
    subjects.set(subject.key, sum)
    sum.nodes.add(piece.node)
    sum.busy += piece.busy
    sum.known += piece.known
    sum.devices += piece.devices
  }
  for (const { cause, ...piece } of pieces) add(cause, piece)
  const same = causes.get('same_jobs_less_efficient')
  const more = [...(same ?? [])].filter(([, sum]) => sum.busy > 0)
  for (const [key] of more) same?.delete(key)
  if (more.length > 0) causes.set('same_jobs_more_efficient', new Map(more))
  return [...causes].filter(([, subjects]) => subjects.size > 0)
}

function sumOf(sums: Iterable<Sum>): Sum {
  const whole = { busy: 0, known: 0, devices: 0 }
  for (const { busy, known, devices } of sums) {
    whole.busy += busy
    whole.known += known
    whole.devices += devices
  }
  return whole
}

function listed(
  subjects: ReadonlyMap<string, SubjectSum>,
  told: {
    readonly ppmOf: (sum: Sum) => number
    readonly hours: number
    readonly jobs: ReadonlyMap<string, JobEnds>
    readonly changePpm: number
  },
): Pick<ExplainPart, 'contributors' | 'others'> {
  const { ppmOf, hours, jobs, changePpm } = told
  const ordered = [...subjects.values()]
    .map((sum) => ({ sum, change_ppm: ppmOf(sum) }))
    .sort(
      (x, y) =>
        Math.abs(y.change_ppm) - Math.abs(x.change_ppm) ||
        (x.sum.subject.key < y.sum.subject.key ? -1 : 1),
    )
  const contributors = ordered
    .slice(0, CONTRIBUTORS_MAX)
    .map(({ sum, change_ppm }): ExplainContributor => {
      const { subject, nodes, devices } = sum
      const job = subject.kind === 'job' ? jobs.get(subject.key) : undefined
      return {
        kind: subject.kind,
        name: subject.name,
        cluster: subject.cluster,
        tenant: subject.tenant,
        change_ppm,
        devices: rim(devices),
        device_hours: rim(devices * hours),
        nodes: hostRanges(nodes),
        node_count: nodes.size,
        busy_from: job === undefined ? null : shareOf(job.busyA, job.knownA),
        busy_to: job === undefined ? null : shareOf(job.busyB, job.knownB),
        devices_still_held: job === undefined ? null : rim(job.heldB),
        at: null,
      }
    })
  const rest = contributors.reduce((left, { change_ppm }) => left - change_ppm, changePpm)
  const count = ordered.length - contributors.length
  return { contributors, others: { count, change_ppm: rest + 0 } }
}

const shareOf = (busy: number, known: number) =>
  known <= 0 ? null : rim(Math.min(1, Math.max(0, busy / known)))
