import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NO_MAP } from './device-map.ts'
import type { SlurmOptions } from './job.ts'
import { allocationsOf, type Snapshot } from './run.ts'

/** What the tests tell the readers unless they say otherwise. */
export const OPTIONS: SlurmOptions = {
  cluster: '',
  accelerators: new Set(['gpu', 'npu']),
  devicesPerNode: null,
  timeZone: 'Asia/Shanghai',
  classOf: () => '',
  deviceOf: NO_MAP,
}

const folder = join(import.meta.dirname, '../../../../shared/samples/facility/slurm')

/** Captures and constructed samples of Slurm: read in place, never copied. */
export const samplesAreHere = existsSync(folder)
export const sample = (name: string): string => readFileSync(join(folder, name), 'utf8')

/** Rows of a snapshot in short: `holder node/index from-to`, times in UTC. */
export function shortRows({ runs }: Snapshot): string[] {
  return runs.flatMap(allocationsOf).map(({ holder, node, index, from_ms, to_ms }) => {
    const [from, to] = [from_ms, to_ms].map((ms) =>
      ms === null ? '' : new Date(ms).toISOString().slice(0, 19),
    )
    return `${holder} ${node}/${index ?? '*'} ${from}~${to}`
  })
}
