import type { SchedulerFacts } from '#schemas/alerts/scheduler-facts.ts'
import type { WaitingWork } from './who.ts'

/** A part of the free devices that jobs can share. */
interface Room {
  readonly hall: string
  readonly pool: string
  free: number
}

/**
 * Waiting work that fits what is free, in its order: a job must fit into one pool of one hall, of the pool that its queue
 * is named after where there is one; a job that is too large does not stop smaller ones behind it. Null = no scheduler
 * tells.
 */
export function waitingWork(told: SchedulerFacts | null): WaitingWork | null {
  if (told === null) return null
  const rooms: Room[] = told.free.map(({ hall, pool, devices }) => ({
    hall,
    pool,
    free: Math.floor(devices),
  }))
  const pools = new Set(rooms.map(({ pool }) => pool))
  const byHall = new Map<string, number>()
  let fits = 0
  for (const { queue, devices, tasks } of told.waiting) {
    const open = pools.has(queue) ? rooms.filter(({ pool }) => pool === queue) : rooms
    // The tightest that is large enough: large rooms stay for large jobs.
    const fitting = open.filter(({ free }) => free >= devices).toSorted((a, b) => a.free - b.free)
    let left = tasks
    for (const room of fitting) {
      const begun = Math.min(left, Math.floor(room.free / devices))
      left -= begun
      room.free -= begun * devices
      fits += begun * devices
      byHall.set(room.hall, (byHall.get(room.hall) ?? 0) + begun * devices)
      if (left === 0) break
    }
  }
  const [largest] = [...byHall].toSorted(([, a], [, b]) => b - a)
  return {
    devices: told.waiting.reduce((sum, { devices, tasks }) => sum + devices * tasks, 0),
    fits,
    where: largest?.[0] ?? '',
  }
}
