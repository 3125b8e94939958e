import { importCounts } from '../../ingest/history/import-counts.ts'
import { CountsMap } from '../../ingest/history/map.ts'
import type { Invocation } from '../command.ts'
import { runHistory } from './history.ts'

/** `plimsoll import allocations FILE… --dataset NAME --map MAP.yaml`: how many devices were held, per moment and group. */
export const run = (invocation: Invocation): Promise<number> =>
  runHistory(invocation, { schema: CountsMap, read: importCounts })
