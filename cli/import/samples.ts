import type { HistoryFile } from '../../ingest/history/file.ts'
import type { FileResult, ImportDeps } from '../../ingest/history/import-job.ts'
import { importNodeSamples } from '../../ingest/history/import-node-samples.ts'
import { importDeviceSamples, type SamplesOptions } from '../../ingest/history/import-samples.ts'
import { SamplesMap } from '../../ingest/history/map.ts'
import type { Invocation } from '../command.ts'
import { runHistory } from './history.ts'

/** `plimsoll import samples FILE… --dataset NAME --map MAP.yaml`: samples of devices or nodes (docs/import.md). */
export const run = (invocation: Invocation): Promise<number> =>
  runHistory(invocation, { schema: SamplesMap, read })

const read = (deps: ImportDeps, file: HistoryFile, options: SamplesOptions): Promise<FileResult> =>
  options.map.scope === 'node'
    ? importNodeSamples(deps, file, options)
    : importDeviceSamples(deps, file, options)
