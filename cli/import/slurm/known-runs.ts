import type { Allocation } from '#schemas/journal.ts'
import { allocationsOf, type Run, takenBack } from './run.ts'

/** What a look at the scheduler changes; nothing is in it for a run that is as it was. */
export interface Change {
  /** To be written before `rows`, in an entry of its own: both may name the same interval. */
  readonly takenBack: readonly Allocation[]
  readonly rows: readonly Allocation[]
  /** What is known afterwards. */
  readonly runs: readonly Run[]
}

const keyOf = (run: Run) => `${run.holder} ${run.job_start_ms} ${run.from_ms}`

/** Runs that are known, by holder, and what was done to them. Parts of a resized job stand in their order. */
export class KnownRuns {
  #byHolder = new Map<string, Run[]>()
  #changed = new Map<string, Run>()
  #takenBack: Run[] = []

  constructor(runs: readonly Run[]) {
    for (const run of runs) this.#listOf(run.holder).push(run)
  }

  holders(): readonly string[] {
    return [...this.#byHolder.keys()]
  }

  /** Runs of a holder, in the order of their time. */
  of(holder: string): readonly Run[] {
    return this.#byHolder.get(holder) ?? []
  }

  /** Enters a run, or replaces the one that begins at the same moment. */
  put(run: Run): void {
    const list = this.#listOf(run.holder)
    const at = list.findIndex((each) => keyOf(each) === keyOf(run))
    const old = list[at]
    if (old !== undefined && isSame(old, run)) return
    if (old !== undefined && isSame({ ...old, closed: run.closed }, run)) list[at] = run
    else {
      if (old === undefined) list.push(run)
      else list[at] = run
      list.sort((a, b) => a.from_ms - b.from_ms)
      this.#changed.set(keyOf(run), run)
    }
  }

  /** Says that a run never was: its intervals end when they begin. */
  takeBack(run: Run): void {
    this.#takenBack.push(run)
    this.#changed.delete(keyOf(run))
    const left = this.of(run.holder).filter((each) => keyOf(each) !== keyOf(run))
    this.#byHolder.set(run.holder, left)
  }

  /** Drops runs that ended before a moment; returns the latest of those ends, 0 when there was none. */
  forgetBefore(ms: number): number {
    let latest = 0
    for (const [holder, list] of this.#byHolder) {
      const kept = list.filter((run) => run.to_ms === null || run.to_ms >= ms)
      for (const { to_ms } of list)
        if (to_ms !== null && to_ms < ms) latest = Math.max(latest, to_ms)
      if (kept.length === 0) this.#byHolder.delete(holder)
      else if (kept.length < list.length) this.#byHolder.set(holder, kept)
    }
    return latest
  }

  change(): Change {
    return {
      takenBack: this.#takenBack.map(takenBack).flatMap(allocationsOf),
      rows: [...this.#changed.values()].flatMap(allocationsOf),
      runs: [...this.#byHolder.values()].flat(),
    }
  }

  #listOf(holder: string): Run[] {
    const list = this.#byHolder.get(holder)
    if (list !== undefined) return list
    const made: Run[] = []
    this.#byHolder.set(holder, made)
    return made
  }
}

const isSame = (a: Run, b: Run): boolean => JSON.stringify(a) === JSON.stringify(b)
