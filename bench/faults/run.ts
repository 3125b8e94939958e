import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../../cli/process.testing.ts'
import { ACTIONS, locksOf, type RunLog } from './actions.ts'
import { newBadLog } from './attacks.ts'
import { check, type CheckLimits, type CheckResult } from './check.ts'
import { describeFault, type PlannedFault } from './plan.ts'
import type { Site } from './site.ts'

/** What a fault came to. */
export interface DoneFault {
  readonly fault: PlannedFault
  readonly healedMs: number
  readonly failure: string | null
}

export interface RunResult {
  readonly done: readonly DoneFault[]
  readonly checks: readonly CheckResult[]
  readonly log: RunLog
  /** Where something must not be, with the step before it. */
  readonly violations: readonly string[]
}

export interface RunOptions {
  readonly plan: readonly PlannedFault[]
  readonly floodDevices: number
  /** Looked at after so many faults, beside the end. */
  readonly checkEvery: number
  readonly limits: CheckLimits
  readonly say: (line: string) => void
}

/** So many faults at once; the next one waits. */
const AT_ONCE_MAX = 5
const WARM_UP_MESSAGES = 6
const WARM_UP_MS = 60_000

/** Goes through the plan; a fault whose target is ill waits until it is well. Ends at the first violation. */
export async function runPlan(site: Site, options: RunOptions): Promise<RunResult> {
  const { plan, say } = options
  const log: RunLog = {
    bad: newBadLog(),
    brokerLostAtMs: [],
    floodDevices: options.floodDevices,
  }
  await until('messages', () => site.broker.copies().length >= WARM_UP_MESSAGES, WARM_UP_MS)
  const beganMs = performance.now()
  const done: DoneFault[] = []
  const checks: CheckResult[] = []
  const violations: string[] = []
  const locks = createLocks()
  const underWay = new Set<Promise<void>>()
  let heldUpMs = 0
  for (const fault of plan) {
    await sleep(Math.max(0, fault.atMs + heldUpMs - (performance.now() - beganMs)))
    while (underWay.size >= AT_ONCE_MAX) await Promise.race(underWay)
    const one = locks
      .during(locksOf(fault), () => apply(site, fault, log))
      .then((outcome) => {
        done.push(outcome)
        say(progress(outcome, plan.length, performance.now() - beganMs))
      })
      .finally(() => underWay.delete(one))
    underWay.add(one)
    const isLast = fault.step === plan.length
    if (!isLast && fault.step % options.checkEvery !== 0) continue
    await Promise.all(underWay)
    const checkMs = performance.now()
    const result = await check(site, log, options.limits)
    heldUpMs += performance.now() - checkMs
    checks.push(result)
    say(checked(fault.step, result))
    violations.push(...result.violations.map((text) => `after step ${fault.step}: ${text}`))
    if (violations.length > 0) break
  }
  const failures = done.flatMap(({ fault, failure }) =>
    failure === null ? [] : [`step ${describeFault(fault)} could not be healed: ${failure}`],
  )
  return { done, checks, log, violations: [...violations, ...failures] }
}

async function apply(site: Site, fault: PlannedFault, log: RunLog): Promise<DoneFault & Said> {
  const beganMs = performance.now()
  try {
    const said = await ACTIONS[fault.kind](site, fault, log)
    return { fault, said, healedMs: performance.now() - beganMs, failure: null }
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error)
    return { fault, said: failure, healedMs: performance.now() - beganMs, failure }
  }
}

interface Said {
  readonly said: string
}

function progress(
  { fault, said, healedMs }: DoneFault & Said,
  of: number,
  elapsedMs: number,
): string {
  const { step, kind, target, variant } = fault
  const seconds = (ms: number) => (ms / 1000).toFixed(1)
  const rest = said === '' ? '' : `; ${said}`
  return `[${String(step).padStart(String(of).length)}/${of}] ${seconds(elapsedMs).padStart(6)} s  ${kind} ${target} (${variant}), healed after ${seconds(healedMs)} s${rest}`
}

function checked(step: number, { verdict, violations, waitedMs, minutes }: CheckResult): string {
  const { produced, stored, lost, duplicated } = verdict
  return `checked after step ${step}: ${produced.batches} batches produced, ${stored.batches} stored, ${lost.length} lost, ${duplicated.length} duplicated, ${minutes} device minutes recounted, ${violations.length} violations; quiet after ${(waitedMs / 1000).toFixed(1)} s`
}

/** Names that are held one at a time; several are taken in one order, so that nobody waits for ever. */
function createLocks() {
  const held = new Map<string, Promise<unknown>>()
  return {
    async during<T>(names: readonly string[], act: () => Promise<T>): Promise<T> {
      const before = Promise.all(names.flatMap((name) => held.get(name) ?? []))
      const acting = before.then(act)
      for (const name of names)
        held.set(
          name,
          acting.catch(() => undefined),
        )
      return acting
    },
  }
}
