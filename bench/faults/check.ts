import { setTimeout as sleep } from 'node:timers/promises'
import type { BadLog } from './attacks.ts'
import type { RunLog } from './actions.ts'
import {
  capacitySpans,
  producedIn,
  quarantine,
  type QuarantineRow,
  rawSamples,
  settledMinutes,
  storedRanges,
  storedReads,
  storedReasons,
  takenOver,
  unevenGroups,
} from './evidence.ts'
import type { ProducedBatch } from './journal.ts'
import { judge, type ProducedBy, type Verdict } from './judge.ts'
import { compareMinutes, recount } from './recount.ts'
import type { Site } from './site.ts'

export interface CheckResult {
  readonly verdict: Verdict
  readonly minutes: number
  readonly quarantined: number
  /** Bad messages that went with the broker's disk before anybody read them. */
  readonly badGone: number
  readonly waitedMs: number
  /** Everything that must not be. */
  readonly violations: readonly string[]
}

export interface CheckLimits {
  /** Longest wait for everything produced to be stored or explained. */
  readonly quietMs: number
  /** Longest wait for minutes to be settled as they are counted. */
  readonly settledMs: number
}

const LOOK_MS = 1000
const MINUTE_MS = 60_000
/** A minute is settled 5 s after its end here; late rows wait until they were left alone for 5 s. */
const CLOSED_FOR_MS = 10_000
const TOLD_MAX = 12
const JUDGE_ATTEMPTS = 8

/** Waits until the pipeline is quiet, then compares what was produced with what is stored and settled. */
export async function check(site: Site, log: RunLog, limits: CheckLimits): Promise<CheckResult> {
  const beganMs = Date.now()
  const snapshot = producedIn(site)
  const isQuiet = await untilQuiet(site, snapshot, limits.quietMs)
  const verdict = await judgeCalmly(site, log, snapshot)
  const waitedMs = Date.now() - beganMs
  const settled = await untilSettled(site, limits.settledMs)
  const rejected = await quarantine(site)
  const hostile = await hostileTraces(site, log, rejected)
  const violations = [
    ...(isQuiet ? [] : [`not everything was stored or explained within ${limits.quietMs} ms`]),
    ...told('lost', verdict.lost),
    ...told('duplicated', verdict.duplicated),
    ...told('wrong', verdict.wrong),
    ...told('reason', unexpectedReasons(verdict)),
    ...told('settled', settled.differences),
    ...hostile.violations,
  ]
  const { minutes } = settled
  const { badGone } = hostile
  return { verdict, minutes, quarantined: rejected.length, badGone, waitedMs, violations }
}

/**
 * What a collector may lose, and say so: the first one's spool is tiny, the second one's disk gets full. A batch
 * stamped by a clock that was days off is refused by its time.
 */
const REASONS: Readonly<Record<string, RegExp>> = {
  c1: /^(spool_full|expired|quarantine: time_(future|past))$/,
  c2: /^(spool_full|quarantine: time_(future|past))$/,
  c3: /^quarantine: time_(future|past)$/,
}

const unexpectedReasons = ({ explained }: Verdict) =>
  Object.entries(explained).flatMap(([name, batches]) => {
    const [collector = '', ...reason] = name.split(' ')
    const isExpected = REASONS[collector]?.test(reason.join(' ')) === true
    return isExpected
      ? []
      : [`${batches} batches of ${collector} are given up as ${reason.join(' ')}`]
  })

/** The first few of many. */
function told(kind: string, sentences: readonly string[]): string[] {
  const more = sentences.length - TOLD_MAX
  return [
    ...sentences.slice(0, TOLD_MAX).map((sentence) => `${kind}: ${sentence}`),
    ...(more > 0 ? [`${kind}: ${more} more`] : []),
  ]
}

/** Everything that was produced when the check began is in `batches`, stored or given up. */
async function untilQuiet(
  site: Site,
  snapshot: readonly ProducedBy[],
  withinMs: number,
): Promise<boolean> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const ranges = await storedRanges(site).catch(() => null)
    if (ranges !== null) {
      const covered = new Map<string, { from: number; to: number }[]>()
      for (const { collector, boot, from, to } of ranges) {
        const key = `${collector} ${boot}`
        covered.set(key, [...(covered.get(key) ?? []), { from, to }])
      }
      const waits = snapshot.some(({ collector, batches }) =>
        [...batches.values()].some(
          ({ boot, seq, isProduced, hasDiedInMemory }) =>
            isProduced &&
            !hasDiedInMemory &&
            covered
              .get(`${collector} ${boot}`)
              ?.some(({ from, to }) => from <= seq && seq <= to) !== true,
        ),
      )
      if (!waits) return true
    }
    if (Date.now() > deadline) return false
    await sleep(LOOK_MS)
  }
}

/**
 * Judges until nothing is wrong, or a few times: inserts go on meanwhile, and what one of them has written of its
 * tables so far is no fault.
 */
async function judgeCalmly(
  site: Site,
  log: RunLog,
  snapshot: readonly ProducedBy[],
): Promise<Verdict> {
  for (let attempt = 1; ; attempt += 1) {
    const verdict = await judgeNow(site, log, snapshot)
    const { lost, duplicated, wrong } = verdict
    const isFaultless = lost.length + duplicated.length + wrong.length === 0
    if (isFaultless || attempt === JUDGE_ATTEMPTS) return verdict
    await sleep(LOOK_MS)
  }
}

/** What was produced is what the snapshot says; what may be stored is what the journals say after the store was read. */
async function judgeNow(
  site: Site,
  { bad }: RunLog,
  snapshot: readonly ProducedBy[],
): Promise<Verdict> {
  const ranges = await storedRanges(site)
  const reads = await storedReads(site)
  const reasons = await storedReasons(site, await quarantine(site))
  const produced = producedIn(site).map((now, index) => {
    const old = snapshot[index]?.batches
    const isLater = ([name, { isProduced }]: readonly [string, ProducedBatch]) =>
      old?.get(name)?.isProduced !== isProduced
    return { ...now, later: new Set([...now.batches].filter(isLater).map(([name]) => name)) }
  })
  return judge({ produced, ranges, reads, reasons, inventedBoots: bad.inventedBoots })
}

/** Compares settled minutes with a recount until they agree or the time is over. */
async function untilSettled(
  site: Site,
  withinMs: number,
): Promise<{ minutes: number; differences: string[] }> {
  const fromMs = site.capacityFromMs
  const toMs = Math.floor((Date.now() - CLOSED_FOR_MS) / MINUTE_MS) * MINUTE_MS
  const deadline = Date.now() + withinMs
  for (;;) {
    const settled = await settledMinutes(site, fromMs, toMs)
    const counted = recount(await rawSamples(site, fromMs, toMs), capacitySpans(site), {
      fromMs,
      toMs,
    })
    const uneven = await unevenGroups(site)
    const differences = [
      ...compareMinutes(settled, counted),
      ...(uneven === 0 ? [] : [`${uneven} minutes whose groups do not sum to their devices`]),
    ]
    if (differences.length === 0 || Date.now() > deadline)
      return { minutes: counted.size, differences }
    await sleep(LOOK_MS)
  }
}

/** The quarantine has what was bad, for its reason; nothing of it is anywhere else. */
async function hostileTraces(
  site: Site,
  { bad, brokerLostAtMs }: RunLog,
  rejected: readonly QuarantineRow[],
): Promise<{ badGone: number; violations: string[] }> {
  const reasons = new Map(rejected.map(({ id, reason }) => [id, reason]))
  const violations: string[] = []
  let badGone = 0
  for (const { message, atMs } of bad.acknowledged) {
    if (message.reasons.length === 0) continue
    const reason = reasons.get(message.id)
    if (reason === undefined) {
      if (brokerLostAtMs.some((lostMs) => lostMs >= atMs - LOOK_MS)) badGone += 1
      else violations.push(`quarantine: ${message.id} is not there (${message.reasons.join(', ')})`)
    } else if (!message.reasons.includes(reason))
      violations.push(`quarantine: ${message.id} is there as ${reason}`)
  }
  violations.push(...forbiddenSeen(bad, reasons))
  const rows = await takenOver(site)
  if (rows > 0) violations.push(`hostile: ${rows} rows about devices of others`)
  return { badGone, violations }
}

const forbiddenSeen = (bad: BadLog, reasons: ReadonlyMap<string, string>) =>
  [...bad.forbidden]
    .filter((id) => reasons.has(id))
    .map((id) => `hostile: ${id} came past the permissions of the server`)
