import { classFinder } from './import/class-map.ts'
import { NO_MAP } from './import/slurm/device-map.ts'
import { planSlurm, type SlurmState } from './import/slurm/import.ts'
import { slotAt } from '../demo/fleet/jobs.ts'
import { squeueJson } from '../demo/fleet/slurm.ts'
import type { FleetModel } from '../demo/fleet/state.ts'
import type { Journal } from '#schemas/journal.ts'
import type { Clock, Logger, Role } from '#schemas/role.ts'

/** The cluster of the demo whose holders come from Slurm; the other one's from labels. */
const CLUSTER = 'basalt'
/** As docs/slurm.md has it in cron. */
const EVERY_MS = 30_000

const OPTIONS = {
  cluster: CLUSTER,
  accelerators: new Set(['gpu', 'npu']),
  devicesPerNode: null,
  timeZone: null,
  classOf: classFinder({}),
  deviceOf: NO_MAP,
}

export interface DemoSlurmDeps {
  readonly model: FleetModel
  readonly journal: () => Promise<Journal>
  /** Start of the history, epoch ms: jobs that never began in the simulation began then. */
  readonly sinceMs: number
  readonly clock: Clock
  readonly log: Logger
}

/** Does what the cron line of docs/slurm.md does, for one simulated cluster: squeue, plan, journal, every 30 s. */
export function demoSlurm({ model, journal, sinceMs, clock, log }: DemoSlurmDeps): Role {
  const { slots, fleet } = model
  let state: SlurmState | 'new' = 'new'
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> | null = null
  let detail = 'not looked yet'

  const look = async () => {
    const nowMs = clock()
    const moments = slots.map((slot) => slotAt(slot, fleet.seed, nowMs))
    const text = squeueJson({ slots, moments, cluster: CLUSTER, sinceMs })
    const common = { options: OPTIONS, coverage: 'all', nodes: [], nowMs } as const
    const importId = `demo-squeue-${nowMs}`
    const plan = planSlurm({ ...common, format: 'squeue-json', text, state, importId })
    const target = await journal()
    for (const body of plan.bodies) await target.append({ at_ms: nowMs, who: 'demo', body })
    state = plan.state ?? state
    detail = `looked at ${new Date(nowMs).toISOString()}`
  }
  const lookOnce = () => {
    looking ??= look()
      .catch((error: unknown) => {
        detail = `the last look failed: ${String(error)}`
        log.warn('the simulated Slurm could not be read', { cause: String(error) })
      })
      .finally(() => {
        looking = null
      })
    return looking
  }
  return {
    name: 'slurm',
    async start() {
      await lookOnce()
      timer = setInterval(() => void lookOnce(), EVERY_MS)
    },
    async stop() {
      if (timer !== null) clearInterval(timer)
      timer = null
      await looking
    },
    health: () => ({ state: timer === null ? 'stopped' : 'ok', detail, metrics: {} }),
  }
}
