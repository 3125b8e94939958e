import { readFile, stat } from 'node:fs/promises'
import type { z } from 'zod'
import { type HistoryFile, historyFile } from '../../ingest/history/file.ts'
import { datasetDatabase, openDataset } from '../../ingest/history/dataset.ts'
import {
  type FileReport,
  type FileResult,
  type ImportDeps,
  runImport,
} from '../../ingest/history/import-job.ts'
import { createLedger } from '../../ingest/settle/ledger.ts'
import { createLocalDays } from '../../ingest/settle/local-day.ts'
import type { StoreOptions } from '../../ingest/store/client.ts'
import { PlimsollError } from '#schemas/errors.ts'
import type { Invocation } from '../command.ts'
import { createLogger } from '../log.ts'
import { createProgress } from '../progress.ts'
import { readSettings, type Settings } from '../settings.ts'
import { storeAccess } from '../store.ts'
import { readYaml } from './yaml-document.ts'

const MAP_BYTES_MAX = 1 << 20

/** How the rows of one kind of file become samples of a data set. */
export interface HistoryKind<
  Schema extends z.ZodType<{ readonly time: { readonly zone: string } }>,
> {
  readonly schema: Schema
  readonly read: (
    deps: ImportDeps,
    file: HistoryFile,
    options: {
      readonly map: z.infer<Schema>
      readonly dataset: string
      readonly onShare: (share: number) => void
    },
  ) => Promise<FileResult>
}

/**
 * `plimsoll import <word> FILE… --dataset NAME --map MAP.yaml`. The word is the first positional. Throws E_USAGE,
 * E_IMPORT_INVALID for the mapping and E_HISTORY_INVALID for a file.
 */
export async function runHistory<
  Schema extends z.ZodType<{ readonly time: { readonly zone: string } }>,
>(invocation: Invocation, kind: HistoryKind<Schema>): Promise<number> {
  const dataset = required(invocation, 'dataset', 'helios')
  const mapFile = required(invocation, 'map', 'map.yaml')
  const paths = invocation.positionals.slice(1)
  if (paths.length === 0) throw new PlimsollError('E_USAGE', 'give at least one CSV file')
  // Before anything is started: a wrong name or mapping is the most frequent mistake.
  datasetDatabase('plimsoll', dataset)
  const map = readYaml(await mapText(mapFile), kind.schema, mapFile).data
  const files = await Promise.all(paths.map(historyFile))
  const settings = readSettings(invocation)
  const log = createLogger((line) => console.error(line), Date.now, 'import')
  return withSite(settings, async (site) => {
    // The migrations of a new data set are no news.
    const quiet = { ...log, info: () => undefined }
    const { store, connection } = await openDataset(site, { name: dataset, log: quiet })
    const bars = createBars()
    const timeZone = invocation.option('timezone') ?? map.time.zone
    try {
      const deps: ImportDeps = {
        store,
        ledger: await createLedger(store, Date.now, { dayOf: createLocalDays(timeZone) }),
        clock: Date.now,
        timeZone,
        onProgress: bars.update,
      }
      const report = await runImport(deps, files, (file, onShare) =>
        kind.read(deps, file, { map, dataset, onShare }),
      )
      bars.done()
      for (const file of report.files) for (const line of linesOf(file)) invocation.print(line)
      invocation.print(
        `${report.minutesSettled} minutes settled in the database ${connection.database}`,
      )
      return 0
    } finally {
      await store.close()
    }
  })
}

/** Runs with the site's store, started when it is the embedded engine. */
export async function withSite<T>(
  settings: Settings,
  work: (site: StoreOptions) => Promise<T>,
): Promise<T> {
  const log = createLogger((line) => console.error(line), Date.now, 'import')
  const access = storeAccess(settings, log)
  try {
    for (const role of access.roles) await role.start()
    return await work(access.connection())
  } finally {
    for (const role of access.roles.toReversed()) await role.stop()
  }
}

function required(invocation: Invocation, name: string, example: string): string {
  const value = invocation.option(name)
  if (value !== undefined && value !== '') return value
  throw new PlimsollError('E_USAGE', `give --${name}, such as --${name} ${example}`)
}

async function mapText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size <= MAP_BYTES_MAX) return await readFile(path, 'utf8')
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new PlimsollError('E_HISTORY_INVALID', `the mapping ${path} cannot be read: ${why}`, {
      cause,
    })
  }
  throw new PlimsollError('E_HISTORY_INVALID', `${path} is larger than ${MAP_BYTES_MAX} bytes`)
}

/** A bar for each stage of an import. */
export function createBars() {
  const begin = (stage: 'reading' | 'settling') => ({
    stage,
    bar: createProgress(stage, process.stderr, Date.now),
  })
  let current = begin('reading')
  return {
    update: (stage: 'reading' | 'settling', share: number): void => {
      if (stage !== current.stage) {
        current.bar.done()
        current = begin(stage)
      }
      current.bar.update(share)
    },
    done: (): void => current.bar.done(),
  }
}

/** What became of a file, line by line. */
export function linesOf(report: FileReport): string[] {
  const { file, rows, samples, stored, devices, span, refused, examples } = report
  const when =
    span === null
      ? ''
      : `, ${new Date(span.fromMs).toISOString()} to ${new Date(span.toMs).toISOString()}`
  const news = stored === samples ? '' : ` (${samples - stored} of them were stored before)`
  const what = devices > 0 ? ` of ${devices} devices` : ''
  return [
    `${file}: ${rows} rows, ${samples} samples${what}${news}${when}`,
    ...[...refused].map(([reason, count]) => `  left out: ${count} x ${reason}`),
    ...examples.map((example) => `    ${example}`),
  ]
}
