import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { INTERVAL_KINDS } from '#schemas/ledger.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import { joinSpans, type Span } from '../journal/spans.ts'
import type { Store } from '../store/store.ts'
import { type Capacity, type CapacityInterval, emptyFirst, OPEN_MS } from './capacity.ts'
import type { SettlePlan } from './plan.ts'

const statement = (name: string) => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8')

/** Read once: an upgrade in place must not hand the next release's statements to a running process. */
const SQL = { digest: statement('intervals-digest'), now: statement('intervals-now') } as const

const integer = z.coerce.number().int()
const Digest = z.object({ intervals: z.string(), digest: z.string() })
const Kind = z.enum(INTERVAL_KINDS)
const Row = z.object({
  kind: Kind,
  device_id: z.string().transform(BigInt),
  from_ms: integer,
  to_ms: integer,
  reason: z.string(),
  detail: z.string(),
  version: integer,
})
type Row = z.infer<typeof Row>

export interface CorrectionsDeps {
  readonly store: Pick<Store, 'query'>
  readonly capacity: Pick<Capacity, 'adopt' | 'knows'>
  /** Capacity as it was when the plan was made. */
  readonly intervals: readonly CapacityInterval[]
  readonly plan: Pick<SettlePlan, 'begin' | 'touch' | 'horizonMs'>
  /** Capacity that is taken here is no news when another part of the process reads it. */
  readonly onAdopted: (intervals: readonly CapacityInterval[]) => void
  readonly clock: Clock
  readonly log: Logger
}

export interface Corrections {
  /** Looks for corrected intervals when it is time to; never rejects. */
  look(): Promise<void>
}

const LOOK_MS = 10_000
/** Rows of a fleet of 100,000 devices with ten intervals each. */
const LIMITS = { maxResultRows: 2_000_000, maxExecutionMs: 30_000 }

/**
 * Notices intervals that somebody else wrote (a person, an inventory, a scheduler's history) and has exactly
 * the time they changed settled again: of a moved end what lies between the old and the new one, of a new
 * interval all of it. What this process writes itself is known to `capacity` and no correction.
 */
export function createCorrections(deps: CorrectionsDeps): Corrections {
  const { store, plan, clock, log } = deps
  const ends = new Map(deps.intervals.map((one) => [keyOf('capacity', one), one.toMs]))
  const changed = new Map<Row['kind'], Span[]>()
  let digest: string | null = null
  let hasBaseline = false
  let lookedMs = -Infinity
  let isAway = false

  const take = (interval: Interval) => {
    const { kind } = interval
    const key = keyOf(kind, interval)
    const known = ends.get(key)
    ends.set(key, interval.toMs)
    if (known === interval.toMs) return false
    if (kind === 'capacity') {
      // What an inventory says is known at once to capacity, but not to what is settled already.
      if (interval.reason !== 'inventory' && deps.capacity.knows(interval)) return false
      deps.capacity.adopt([interval])
      deps.onAdopted([interval])
      // What is older can no longer be settled: nothing of it is there.
      plan.begin(Math.max(interval.fromMs, plan.horizonMs(clock())))
    } else if (!hasBaseline) return false
    const [fromMs, toMs] =
      known === undefined
        ? [interval.fromMs, interval.toMs]
        : [Math.min(known, interval.toMs), Math.max(known, interval.toMs)]
    const spans = changed.get(kind) ?? []
    spans.push({ fromMs, toMs })
    changed.set(kind, spans)
    return toMs > fromMs
  }
  /** An inventory of a fleet changes one stretch of time, not as many as it has devices. */
  const touchChanged = () => {
    const horizonMs = plan.horizonMs(clock())
    for (const [kind, spans] of changed)
      for (const { fromMs, toMs } of joinSpans(spans, 0)) {
        const endMs = toMs >= OPEN_MS ? Infinity : toMs
        if (endMs > horizonMs)
          plan.touch(Math.max(fromMs, horizonMs), endMs, `${kind} corrected`, clock())
      }
    changed.clear()
  }
  const compare = async () => {
    const [found] = await store.query(SQL.digest, {}, LIMITS)
    const { intervals, digest: sum } = Digest.parse(found)
    const now = `${intervals}:${sum}`
    if (now === digest) return
    const rows = z.array(Row).parse(await store.query(SQL.now, {}, LIMITS))
    const corrected = emptyFirst(rows.map(intervalOf)).filter(take).length
    touchChanged()
    hasBaseline = true
    digest = now
    if (corrected > 0) log.info('intervals were corrected', { intervals: corrected })
  }

  return {
    async look() {
      if (clock() - lookedMs < LOOK_MS) return
      lookedMs = clock()
      try {
        await compare()
        isAway = false
      } catch (error) {
        if (!isAway) log.warn('cannot look for corrected intervals', { cause: String(error) })
        isAway = true
      }
    },
  }
}

interface Interval extends CapacityInterval {
  readonly kind: Row['kind']
}

const keyOf = (kind: Row['kind'], { deviceId, fromMs }: CapacityInterval) =>
  `${kind}:${deviceId}:${fromMs}`

const intervalOf = ({ kind, device_id, from_ms, to_ms, ...rest }: Row): Interval => ({
  kind,
  deviceId: device_id,
  fromMs: from_ms,
  toMs: to_ms,
  reason: rest.reason,
  detail: rest.detail,
  version: rest.version,
})
