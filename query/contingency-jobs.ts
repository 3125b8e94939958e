/** Busy time of one running job over a slice, ms x 1,000. */
export interface JobShare {
  readonly busyX1000: bigint
}

/** What a scope knows of a slice, and the level that must not be crossed, in millionths of utilization. */
export interface ContingencyScope {
  readonly knownMs: bigint
  readonly busyX1000: bigint
  readonly levelPpm: bigint
}

/** The jobs that end, the largest first; null when no set of them is enough, empty when none is needed. */
export function fewestJobs<Job extends JobShare>(
  jobs: readonly Job[],
  { knownMs, busyX1000, levelPpm }: ContingencyScope,
): Job[] | null {
  // busy / known < level, all in whole numbers: busyX1000 / (1000 knownMs) < levelPpm / 10^6.
  const isBelow = (busy: bigint) => busy * 1000n < levelPpm * knownMs
  // A job that ends leaves its devices known and idle: the divisor stays, and the busy time of the set goes away. So a set
  // of n jobs is enough exactly when its busy time is, and of all sets of n jobs the n largest have the most. Taking the
  // largest until it is enough therefore takes as few as any set can: whatever n - 1 jobs have, the n - 1 largest
  // have at least as much, and they were not enough.
  const largestFirst = [...jobs].sort(
    (a, b) => Number(b.busyX1000 > a.busyX1000) - Number(b.busyX1000 < a.busyX1000),
  )
  const ended: Job[] = []
  let left = busyX1000
  for (const job of largestFirst) {
    if (isBelow(left)) return ended
    ended.push(job)
    left -= job.busyX1000
  }
  return isBelow(left) ? ended : null
}
