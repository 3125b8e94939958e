import { createHash } from 'node:crypto'
import type { Source } from '../../collector/source.ts'
import { settleSpan } from '../../ingest/history/settle-span.ts'
import { type StoredParts, storedParts } from '../../ingest/history/stored-parts.ts'
import type { Ledger } from '../../ingest/settle/ledger.ts'
import type { Store } from '../../ingest/store/store.ts'
import type { Clock } from '#schemas/role.ts'
import { type Instants, POINTS_MAX, type PrometheusApi } from './prometheus-api.ts'
import { pagesOf } from './prometheus-pages.ts'
import { createPastExporter, type PastExporter } from './prometheus-readings.ts'
import { createPastStore, type PastStore } from './prometheus-store.ts'

/** A source of the collector, and which series of the server are its pages. */
export interface PastSource {
  readonly source: Source
  readonly config: unknown
  readonly selector: string
}

export interface PrometheusJob {
  readonly api: PrometheusApi
  /** Name of the server in the marks of what is stored. */
  readonly server: string
  readonly store: Store
  readonly ledger: Ledger
  readonly clock: Clock
  readonly sources: readonly PastSource[]
  readonly cluster: string
  readonly timeZone: string
  readonly span: Instants
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
  const { store, clock, cluster, span } = job
  const past = await createPastStore({ store, clock, cluster, stepMs: span.stepMs })
  const groups = await groupsOf(job)
  const chunks = chunksOf(span)
  const total = Math.max(1, groups.length * chunks.length)
  const counters = { done: 0, samples: 0, partsBefore: 0, newestMs: 0 }
  const refused = new Map<string, number>()
  for (const group of groups) {
    const parts = await storedParts(store, hashOf(job, group), clock)
    const exporters = exportersOf(group, job)
    for (const chunk of chunks) {
      const part = partOf(chunk)
      if (parts.has(part)) counters.partsBefore += 1
      else
        counters.samples += await storePart({ job, group, past, exporters, parts, refused }, chunk)
      counters.done += 1
      job.onProgress('reading', counters.done / total)
    }
    counters.newestMs = Math.max(counters.newestMs, parts.newestMs)
  }
  const devices = past.deviceCount
  const minutesSettled =
    counters.newestMs === 0
      ? 0
      : await settleSpan(span, {
          store,
          ledger: job.ledger,
          timeZone: job.timeZone,
          sinceMs: counters.newestMs,
          devices,
          onProgress: (share) => job.onProgress('settling', share),
        })
  const exporters = groups.reduce((sum, { instances }) => sum + instances.length, 0)
  const { samples, partsBefore } = counters
  return { exporters, devices, samples, partsBefore, refused, minutesSettled }
}

interface Group {
  readonly past: PastSource
  readonly instances: readonly string[]
}

async function groupsOf({ api, sources, span }: PrometheusJob): Promise<Group[]> {
  const groups: Group[] = []
  for (const past of sources) {
    const instances = await api.instances(past.selector, span)
    for (let at = 0; at < instances.length; at += GROUP)
      groups.push({ past, instances: instances.slice(at, at + GROUP) })
  }
  return groups
}

const exportersOf = (
  { past, instances }: Group,
  { cluster, span }: PrometheusJob,
): Map<string, PastExporter> =>
  new Map(
    instances.map((instance) => [
      instance,
      createPastExporter({
        source: past.source,
        config: past.config,
        instance,
        cluster,
        stepMs: span.stepMs,
      }),
    ]),
  )

/** What is stored is known by the question: another server, selector, step or exporter is another. */
function hashOf({ server, cluster, span }: PrometheusJob, { past, instances }: Group): string {
  const what = [server, past.source.name, past.selector, cluster, span.stepMs, instances]
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
  readonly job: PrometheusJob
  readonly group: Group
  readonly past: PastStore
  readonly exporters: ReadonlyMap<string, PastExporter>
  readonly parts: StoredParts
  readonly refused: Map<string, number>
}

/** Returns the number of samples. */
async function storePart(work: PartWork, chunk: Instants): Promise<number> {
  const { job, group, past, exporters, parts, refused } = work
  let samples = 0
  await parts.store(partOf(chunk), async (token) => {
    const answers = ahead(group.instances, (instance) =>
      job.api.range(withInstance(group.past.selector, instance), chunk),
    )
    for await (const { of: instance, answer } of answers) {
      const exporter = exporters.get(instance)
      for (const page of pagesOf(answer, chunk)) {
        const reading = await exporter?.read(page)
        if (reading === undefined) continue
        for (const [reason, count] of Object.entries(reading.refused))
          refused.set(reason, (refused.get(reason) ?? 0) + count)
        await past.add(page.atMs, reading, token)
      }
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
export const withInstance = (selector: string, instance: string): string =>
  `${selector.slice(0, -1)},instance=${JSON.stringify(instance)}}`
