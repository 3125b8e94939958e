import type { Role, RoleHealth } from '#schemas/role.ts'
import type { Clock, Logger } from '#schemas/role.ts'
import type { Deliverer } from './deliverer.ts'
import type { Plan } from './plan.ts'

/** What somebody asks for is seen within this time; a journal that is away is tried again as often. */
const LOOK_EVERY_MS = 5_000
/** Timers beyond this fire at once. */
const SLEEP_MS_MIN = 50
const HOUR_MS = 3_600_000

export interface ReportsRoleDeps {
  readonly deliverer: Deliverer
  readonly clock: Clock
  readonly logger: Logger
  /** Calls back once after `ms`; returns what cancels it. */
  readonly after: (ms: number, callback: () => void) => () => void
}

/** Issues and sends reports when they are due; one at a time, by a lease around it where there are several processes. */
export function createReportsRole(deps: ReportsRoleDeps): Role {
  const { deliverer, clock, logger } = deps
  let cancel = () => {}
  let turn: Promise<void> = Promise.resolve()
  let isRunning = false
  let plan: Plan | null = null
  let trouble = ''

  const round = async () => {
    try {
      plan = await deliverer.look()
      if (trouble !== '') logger.info('reports are sent again')
      trouble = ''
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      if (trouble === '') logger.warn('reports cannot be sent now; trying again', { why })
      trouble = why
    }
  }
  const loop = () => {
    turn = round().then(() => {
      if (!isRunning) return
      const dueMs = (plan?.nextMs ?? Infinity) - clock()
      const sleepMs = Math.max(SLEEP_MS_MIN, Math.min(LOOK_EVERY_MS, dueMs))
      cancel = deps.after(sleepMs, loop)
    })
  }
  return {
    name: 'reports',
    start() {
      isRunning = true
      loop()
      return Promise.resolve()
    },
    async stop() {
      isRunning = false
      deliverer.halt()
      cancel()
      await turn
    },
    health: () => healthOf({ plan, trouble, isRunning, nowMs: clock() }),
  }
}

function healthOf(now: {
  readonly plan: Plan | null
  readonly trouble: string
  readonly isRunning: boolean
  readonly nowMs: number
}): RoleHealth {
  const { plan, trouble, isRunning, nowMs } = now
  const late = (plan?.due ?? []).filter(({ missing }) => missing.length > 0)
  const lateMs = late.map(({ dueMs }) => nowMs - dueMs)
  const detail = [
    trouble,
    ...late.map(({ period, missing }) => `${period.id} has not reached ${missing.join(', ')}`),
  ].filter((one) => one !== '')
  return {
    state: !isRunning ? 'stopped' : detail.length > 0 ? 'degraded' : 'ok',
    detail: detail.join('; '),
    metrics: {
      recipients_missing: late.reduce((sum, { missing }) => sum + missing.length, 0),
      late_hours: Math.max(0, ...lateMs) / HOUR_MS,
      missed: plan?.missed.length ?? 0,
    },
  }
}
