import type { Slot, SlotMoment } from './jobs.ts'

/** What a simulated controller sees. */
export interface SlurmView {
  readonly slots: readonly Slot[]
  /** Who works where at this moment, by slot. */
  readonly moments: readonly SlotMoment[]
  /** Only slots of this cluster are the controller's. */
  readonly cluster: string
  /** Start of jobs that never began in the simulation, epoch ms; job ids count from here. */
  readonly sinceMs: number
}

/** Shortest life of a slot's period: two jobs of a slot begin at least this far apart. */
const PERIOD_MS_MIN = 5 * 3_600_000
/** Periods that may have begun before `sinceMs` and still run. */
const PERIODS_BEFORE = 8
const YEAR_S = 31_536_000

/** What users of the simulated site write as `--comment`; the class of the work is found from it. */
const COMMENTS = { training: 'deepspeed', serving: 'vllm', interactive: 'interactive' } as const

/** The text that `squeue --json` of 23.02 would print for the simulated jobs of one cluster. */
export function squeueJson({ slots, moments, cluster, sinceMs }: SlurmView): string {
  const jobs = slots.flatMap<object>((slot, at) => {
    const moment = moments[at]
    if (slot.nodes[0]?.cluster !== cluster || moment === undefined) return []
    const startMs = moment.startedMs === 0 ? sinceMs : moment.startedMs
    const turn = Math.floor((startMs - sinceMs) / PERIOD_MS_MIN) + PERIODS_BEFORE
    const id = 1 + slot.id + slots.length * turn
    const common = {
      job_id: id,
      array_job_id: number(0),
      array_task_id: unset,
      het_job_id: number(0),
      het_job_offset: number(0),
      account: moment.tenant,
      partition: slot.pool,
      qos: 'normal',
      comment: COMMENTS[moment.workload],
      user_name: moment.tenant,
    }
    // Between two jobs the next one waits for its turn.
    if (moment.job === null) return [{ ...common, ...waiting(slot, Math.floor(startMs / 1000)) }]
    return [{ ...common, ...running(slot, moment.job, Math.floor(startMs / 1000)) }]
  })
  const plugins = { data_parser: 'data_parser/v0.0.39', accounting_storage: '' }
  return JSON.stringify({ meta: { plugins }, jobs, warnings: [], errors: [] })
}

const number = (value: number) => ({ set: true, infinite: false, number: value })
const unset = { set: false, infinite: false, number: 0 }

/** `node=2,gres/gpu=16` and the kind of its devices. */
function tresOf({ nodes }: Slot) {
  const gres = nodes[0]?.devices[0]?.spec.vendor === 'huawei' ? 'npu' : 'gpu'
  const total = nodes.reduce((sum, { devices }) => sum + devices.length, 0)
  return { gres, text: `node=${nodes.length},gres/${gres}=${total}` }
}

/** The next job of the slot, which came while the last one ran. */
function waiting(slot: Slot, submitSeconds: number) {
  return {
    name: 'next',
    job_state: 'PENDING',
    submit_time: submitSeconds,
    start_time: 0,
    end_time: 0,
    time_limit: limitOf(slot),
    tres_req_str: tresOf(slot).text,
  }
}

/** Users ask for the slot's whole period and end a little before it. */
const limitOf = ({ periodMs, flagship, pool }: Slot) =>
  flagship || pool === 'inference'
    ? { set: false, infinite: true, number: 0 }
    : number(Math.ceil(periodMs / 60_000))

function running(slot: Slot, name: string, startSeconds: number) {
  const { nodes } = slot
  const names = nodes.map((node) => node.name)
  const { gres, text } = tresOf(slot)
  return {
    name,
    job_state: 'RUNNING',
    submit_time: startSeconds,
    start_time: startSeconds,
    time_limit: limitOf(slot),
    // No limit: Slurm writes this end, which is none.
    end_time: startSeconds + YEAR_S,
    nodes: names.join(','),
    gres_detail: nodes.map(({ devices }) => {
      const count = devices.length
      return `${gres}:${count}(IDX:0-${count - 1})`
    }),
    job_resources: {
      nodes: names.join(','),
      allocated_hosts: names.length,
      allocated_nodes: names.map((nodename) => ({ nodename })),
    },
    tres_alloc_str: text,
  }
}
