import { createHash } from 'node:crypto'
import type { OpenPages } from '../../collector/formats/page-reader.ts'
import type { Source } from '../../collector/source.ts'
import { settleSpan } from '../../ingest/history/settle-span.ts'
import { type StoredParts, storedParts } from '../../ingest/history/stored-parts.ts'
import type { Ledger } from '../../ingest/settle/ledger.ts'
import type { Store } from '../../ingest/store/store.ts'
import type { Clock } from '#schemas/role.ts'
import { type Instants, POINTS_MAX, type PrometheusApi } from './prometheus-api.ts'
import { createPastExporter, type PastExporter } from './prometheus-readings.ts'
import { createPastStore, type PastStore } from './prometheus-store.ts'

/** A source of the collector, and which series of the server are its pages. */
export interface PastSource {
  readonly source: Source
  readonly config: unknown
  readonly selector: string
  /** Absent: the source reads its pages as text, one by one. */
  readonly openPages?: OpenPages
}

/** What is asked of a server, and what the devices it knows are called here. */
export interface PastQuestion {
  /** Name of the server in the marks of what is stored. */
  readonly server: string
  readonly cluster: string
  readonly span: Instants
}

/** What one group of exporters is read with. */
export interface GroupDeps {
  readonly api: PrometheusApi
  readonly store: Pick<Store, 'query' | 'insertNative' | 'insertJson'>
  readonly clock: Clock
  readonly sources: readonly PastSource[]
}

/** Exporters that are read together: their time of a chunk is one part. */
export interface Group {
  /** Position in the sources. */
  readonly source: number
  readonly instances: readonly string[]
}

export interface GroupReport {
  readonly devices: number
  readonly samples: number
  /** Parts that an earlier run stored. */
  readonly partsBefore: number
  /** When the newest part was stored. */
  readonly newestMs: number
  readonly refused: ReadonlyMap<string, number>
}

/** Reads one group after the other; several of them work side by side. */
export type GroupRunner = (group: Group, onPart: () => void) => Promise<GroupReport>

export interface PrometheusJob extends GroupDeps, PastQuestion {
  readonly ledger: Ledger
  readonly timeZone: string
  /** Absent: this thread alone. */
  readonly runners?: readonly GroupRunner[]
  readonly onProgress: (stage: 'reading' | 'settling', share: number) => void
}

export interface PrometheusReport {
  readonly exporters: number
  readonly devices: number
  readonly samples: number
  /** Parts that an earlier run stored. */
  readonly partsBefore: number
  readonly refused: ReadonlyMap<string, number>
  readonly minutesSettled: number
}

/** Exporters whose time of a chunk is one insert. */
const GROUP = 16
/** Questions on their way at once. */
const QUESTIONS = 2
const DAY_MS = 86_400_000

/**
 * Reads the pages of the past, exporter by exporter and day by day, and settles what came. What an earlier run stored is
 * not asked for again. Rejects with E_PROMETHEUS_AWAY and what the store throws.
 */
export async function importPrometheus(job: PrometheusJob): Promise<PrometheusReport> {
  const { span } = job
  const groups = await groupsOf(job)
  const total = Math.max(1, groups.length * chunksOf(span).length)
  let done = 0
  const onPart = () => job.onProgress('reading', (done += 1) / total)
  const alone: GroupRunner = (group, tell) => importGroup(job, job, group, tell)
  const reports = await runAll(groups, job.runners ?? [alone], onPart)
  const sum = (of: (report: GroupReport) => number) =>
    reports.reduce((all, report) => all + of(report), 0)
  const devices = sum((report) => report.devices)
  const newestMs = Math.max(0, ...reports.map((report) => report.newestMs))
  const refused = added(reports.map((report) => report.refused))
  const minutesSettled =
    newestMs === 0
      ? 0
      : await settleSpan(span, {
          store: job.store,
          ledger: job.ledger,
          timeZone: job.timeZone,
          sinceMs: newestMs,
          devices,
          onProgress: (share) => job.onProgress('settling', share),
        })
  return {
    exporters: groups.reduce((all, { instances }) => all + instances.length, 0),
    devices,
    samples: sum((report) => report.samples),
    partsBefore: sum((report) => report.partsBefore),
    refused,
    minutesSettled,
  }
}

/** Every runner takes the next group when it is free. The first failure is the whole's, once all have stopped. */
async function runAll(
  groups: readonly Group[],
  runners: readonly GroupRunner[],
  onPart: () => void,
): Promise<GroupReport[]> {
  const reports: GroupReport[] = []
  const waiting = [...groups]
  const work = async (run: GroupRunner) => {
    for (let group = waiting.shift(); group !== undefined; group = waiting.shift()) {
      try {
        reports.push(await run(group, onPart))
      } catch (error) {
        waiting.length = 0
        throw error
      }
    }
  }
  const ends = await Promise.allSettled(runners.map(work))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
  return reports
}

/** Stores what one group of exporters said, chunk by chunk. */
export async function importGroup(
  deps: GroupDeps,
  question: PastQuestion,
  group: Group,
  onPart: () => void,
): Promise<GroupReport> {
  const { store, clock } = deps
  const { cluster, span } = question
  const source = deps.sources[group.source]
  if (source === undefined) throw new RangeError(`there is no source ${group.source}`)
  const past = await createPastStore({ store, clock, cluster, stepMs: span.stepMs })
  const parts = await storedParts(store, hashOf(question, source, group.instances), clock)
  const exporters = exportersOf(source, group.instances, question)
  const counters = { samples: 0, partsBefore: 0 }
  for (const chunk of chunksOf(span)) {
    const work = { api: deps.api, source, group, past, exporters, parts }
    if (parts.has(partOf(chunk))) counters.partsBefore += 1
    else counters.samples += await storePart(work, chunk)
    onPart()
  }
  const refused = added([...exporters.values()].map((exporter) => exporter.refused()))
  return { ...counters, devices: past.deviceCount, newestMs: parts.newestMs, refused }
}

function added(counts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const all = new Map<string, number>()
  for (const one of counts)
    for (const [reason, count] of one) all.set(reason, (all.get(reason) ?? 0) + count)
  return all
}

async function groupsOf({ api, sources, span }: PrometheusJob): Promise<Group[]> {
  const groups: Group[] = []
  for (const [source, { selector }] of sources.entries()) {
    const instances = await api.instances(selector, span)
    for (let at = 0; at < instances.length; at += GROUP)
      groups.push({ source, instances: instances.slice(at, at + GROUP) })
  }
  return groups
}

const exportersOf = (
  source: PastSource,
  instances: readonly string[],
  { cluster, span: { stepMs } }: PastQuestion,
): Map<string, PastExporter> =>
  new Map(
    instances.map((instance) => [
      instance,
      createPastExporter({ ...source, instance, cluster, stepMs }),
    ]),
  )

/** What is stored is known by the question: another server, selector, step or exporter is another. */
function hashOf(
  { server, cluster, span }: PastQuestion,
  { source, selector }: PastSource,
  instances: readonly string[],
): string {
  const what = [server, source.name, selector, cluster, span.stepMs, instances]
  return createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 32)
}

/** Days of UTC, shorter where a server would not answer a whole one. */
export function chunksOf({ fromMs, toMs, stepMs }: Instants): Instants[] {
  const longestMs = Math.min(DAY_MS, Math.floor((POINTS_MAX * stepMs) / 2))
  const chunks: Instants[] = []
  for (let atMs = fromMs; atMs < toMs;) {
    const endMs = Math.min((Math.floor(atMs / DAY_MS) + 1) * DAY_MS, atMs + longestMs, toMs)
    chunks.push({ fromMs: atMs, toMs: endMs, stepMs })
    atMs = endMs
  }
  return chunks
}

/** Beginning and length in seconds as one number: a chunk that is longer now is another part. */
const partOf = ({ fromMs, toMs }: Instants) => (fromMs / 1000) * 100_000 + (toMs - fromMs) / 1000

interface PartWork {
  readonly api: PrometheusApi
  readonly source: PastSource
  readonly group: Group
  readonly past: PastStore
  readonly exporters: ReadonlyMap<string, PastExporter>
  readonly parts: StoredParts
}

/** Returns the number of samples. */
async function storePart(work: PartWork, chunk: Instants): Promise<number> {
  const { api, source, group, past, exporters, parts } = work
  let samples = 0
  await parts.store(partOf(chunk), async (token) => {
    const answers = ahead(group.instances, (instance) =>
      api.range(withInstance(source.selector, instance), chunk),
    )
    for await (const { of: instance, answer } of answers) {
      const exporter = exporters.get(instance)
      for await (const reading of exporter?.read(answer, chunk) ?? [])
        await past.add(reading, token)
    }
    const span = await past.finish(token)
    samples = span.rows
    return span.rows > 0 ? span : { rows: 0, minMs: chunk.fromMs, maxMs: chunk.fromMs }
  })
  return samples
}

/** Answers in order, with the next questions on their way while one is worked on. */
async function* ahead<Item, Answer>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Answer>,
): AsyncGenerator<{ readonly of: Item; readonly answer: Answer }> {
  const waiting: { readonly of: Item; readonly answer: Promise<Answer> }[] = []
  let next = 0
  const begin = () => {
    const item = items[next]
    next += 1
    if (item === undefined) return
    const answer = ask(item)
    // It is awaited in its turn; until then nobody else would take note of a failure.
    answer.catch(() => undefined)
    waiting.push({ of: item, answer })
  }
  for (let at = 0; at < QUESTIONS; at += 1) begin()
  for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) {
    const answer = await one.answer
    begin()
    yield { of: one.of, answer }
  }
}

/** A selector with the name of one exporter. */
const withInstance = (selector: string, instance: string): string =>
  `${selector.slice(0, -1)},instance=${JSON.stringify(instance)}}`
