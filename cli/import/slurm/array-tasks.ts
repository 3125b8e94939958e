/** A part of a job array that one job of a list stands for. */
export interface ArrayPart {
  /** Id of the array. */
  readonly id: string
  /** Tasks of it that this job is; those that wait are one job together. */
  readonly tasks: number
  /** How many of the array may run at a time; null = as many as there is room for. */
  readonly limit: number | null
}

/** Slurm's own bound of an array (MaxArraySize) is 4,000,001; beyond this the count says no more. */
export const ARRAY_TASKS_MAX = 1_000_000

/**
 * Tasks and limit of an array's text as Slurm prints it: `3`, `0-15%4`, `1-7:2,20`. A text that Slurm cut short (`…,9,...`)
 * counts as far as it goes, at least one task.
 */
export function readArrayTasks(text: string): {
  readonly tasks: number
  readonly limit: number | null
} {
  const [list = '', throttle = ''] = text.replaceAll(/[[\]\s]/g, '').split('%')
  let tasks = 0
  for (const part of list.split(',')) {
    const range = /^(\d{1,9})(?:-(\d{1,9})(?::(\d{1,9}))?)?$/.exec(part)
    if (range === null) continue
    const first = Number(range[1])
    const last = Number(range[2] ?? first)
    const step = Math.max(1, Number(range[3] ?? 1))
    tasks += last < first ? 0 : Math.floor((last - first) / step) + 1
  }
  const limit = /^\d{1,9}$/.test(throttle) ? Number(throttle) : 0
  return {
    tasks: Math.min(ARRAY_TASKS_MAX, Math.max(1, tasks)),
    limit: limit === 0 ? null : limit,
  }
}
