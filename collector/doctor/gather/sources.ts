import { unread } from '#schemas/reading.ts'
import { localSection, type CollectorConfig, type SourceSection } from '../../config.ts'
import type { TimeSource } from '../../clock.ts'
import { detectSource } from '../../detect.ts'
import { plausibleMetrics } from '../../plausible.ts'
import type { Detection, Source, SourceIo } from '../../source.ts'
import { listFiles, startDiscovery } from '../../targets/discover.ts'
import { shownAddress } from '../../targets/shown-address.ts'
import type { Target } from '../../targets/target.ts'
import type { ReadFacts, SourceFacts, TargetFacts } from '../facts.ts'
import { metersIn } from '../seen-meters.ts'
import type { Deadline } from './deadline.ts'
import { type Recorder, recordingIo } from './recording-io.ts'

/** Targets read per source: a long list is sampled, evenly. */
export const TARGETS_READ = 64
/** A first call may have to start the driver: at least this long, however short the interval, ms. */
const READ_MIN_MS = 3000
/** What a source may take beyond its budget before we stop waiting, ms. */
const GRACE_MS = 250
/** The clock of a meter has a finding of its own. */
const METER_CLOCK = 'meter_clock'
/** Looking for one source, ms. */
const DETECT_MS = 3000

export interface SourceGathering {
  readonly io: SourceIo
  readonly time: TimeSource
  readonly deadline: Deadline
  readonly recorder: Recorder
  /** Between the two reads of a target, ms. */
  readonly watchMs: number
  /** At most this long for one read, ms. */
  readonly readMs: number
}

/** One source under way: the first reads are done, the second ones can be. */
export interface Opened {
  readonly name: string
  /** Second reads where they make sense, and the end of what sources keep open. */
  finish(): Promise<SourceFacts>
  /** Commands whose first read did not come back in time. */
  readonly hung: readonly string[]
  /** Versions that the tools named in their own output. */
  readonly toolLabels: Readonly<Record<string, string>>
}

/** Looks for one source and reads each of its targets once. Never throws. */
export async function openSource(
  section: SourceSection,
  config: CollectorConfig,
  gathering: SourceGathering,
): Promise<Opened> {
  const { source } = section
  const found = section.isLocal
    ? await detectHere(section, config, gathering)
    : await listedTargets(section, config, gathering)
  const picked = sample(found.targets, TARGETS_READ)
  const reading = await Promise.all(
    picked.map(async (target) => {
      const memory = new Map<string, unknown>()
      const asked = await readOnce(section, target, memory, gathering)
      // A Modbus device that refuses a range with gaps is asked without them from then on.
      const isLearning = asked.interpretation.reason?.startsWith('exception_') ?? false
      const first = isLearning ? await readOnce(section, target, memory, gathering) : asked
      return { target, memory, first }
    }),
  )
  const facts = {
    name: source.name,
    transport: source.transport,
    expects: source.expects,
    fallbackFor: source.fallbackFor ?? [],
    isNamed: config.sources.length > 0,
    detection: found.detection,
    targetsListed: found.targets.length,
    listFailures: found.listFailures,
  }
  const first = reading[0]?.first
  return {
    name: source.name,
    hung: reading
      .filter((each) => each.first.interpretation.reason === 'timeout')
      .map(({ target }) => target.address),
    toolLabels: first?.interpretation.toolLabels ?? {},
    async finish() {
      const targets = await Promise.all(
        reading.map((each) => secondRead(section, each, config, gathering)),
      )
      return { ...facts, targets }
    },
  }
}

/** The sections that a collector would run: the named ones, or every known source on this machine. */
export const sectionsOf = (config: CollectorConfig, sources: readonly Source[]) =>
  config.sources.length > 0 ? config.sources : sources.map(localSection)

interface Found {
  readonly detection: Detection | null
  readonly targets: readonly Target[]
  readonly listFailures: SourceFacts['listFailures']
}

async function detectHere(
  section: SourceSection,
  config: CollectorConfig,
  { io, deadline }: SourceGathering,
): Promise<Found> {
  const { source } = section
  const late: Detection = {
    state: 'broken',
    looked: source.name,
    reason: 'timeout',
    detail: 'it did not answer in time',
  }
  const looking = detectSource(section, io, config.node).then(({ detection }) => detection)
  const label = `looking for ${source.name}`
  const detection = await deadline.within(label, looking, late, DETECT_MS)
  const place = { isNodeNamed: true, hall: '', rack: '', pool: '', cluster: '' }
  const targets = detection.state === 'present' ? [{ ...detection.target, ...place }] : []
  return { detection, targets, listFailures: [] }
}

async function listedTargets(
  section: SourceSection,
  config: CollectorConfig,
  { io, time, deadline, readMs }: SourceGathering,
): Promise<Found> {
  let targets: readonly Target[] = section.targets
  const failures = new Map<string, string>()
  const starting = startDiscovery({
    section,
    ownNode: config.node,
    io,
    time,
    files: listFiles,
    onTargets(list) {
      targets = list
    },
    onOutcome({ list, failure }) {
      if (failure !== null) failures.set(list, failure.detail)
    },
  })
  const label = `target lists of ${section.source.name}`
  const discovery = await deadline.within(label, starting, null, readMs)
  if (discovery === null) failures.set('', 'the lists did not come in time')
  void starting.then((late) => late.stop())
  const listFailures = [...failures].map(([list, detail]) => ({ list, detail }))
  return { detection: null, targets, listFailures }
}

/** At most `most` of the list, spread evenly over it. */
export function sample<T>(list: readonly T[], most: number): T[] {
  if (list.length <= most) return [...list]
  return list.filter(
    (_, i) => Math.floor((i * most) / list.length) !== Math.floor(((i - 1) * most) / list.length),
  )
}

interface Reading {
  readonly target: Target
  readonly memory: Map<string, unknown>
  readonly first: ReadFacts
}

async function secondRead(
  section: SourceSection,
  { target, memory, first }: Reading,
  config: CollectorConfig,
  gathering: SourceGathering,
): Promise<TargetFacts> {
  const { deadline, time, watchMs } = gathering
  const isHung = first.interpretation.reason === 'timeout'
  const waitMs = first.atMs + watchMs - time.wallMs()
  const isPossible = !isHung && watchMs > 0 && deadline.remainingMs() > waitMs + first.durationMs
  if (isPossible && waitMs > 0) await deadline.pause('the second reads', waitMs)
  const second = isPossible ? await readOnce(section, target, memory, gathering) : null
  section.source.close?.(memory)
  return {
    source: section.source.name,
    address: shownAddress(target.address),
    target,
    isHere: section.isLocal || target.node === config.node,
    first,
    second: second?.interpretation.reason === 'timeout' && deadline.isOver() ? null : second,
  }
}

async function readOnce(
  section: SourceSection,
  target: Target,
  memory: Map<string, unknown>,
  { io, time, deadline, recorder, readMs }: SourceGathering,
): Promise<ReadFacts> {
  const { source, options } = section
  const timeoutMs = deadline.remainingMs(longestRead(section, readMs))
  const recording = recordingIo(io, recorder)
  const [startedMs, atMs] = [time.monotonicMs(), time.wallMs()]
  const context = {
    io: recording.io,
    target,
    nowMs: atMs,
    timeoutMs,
    memory,
    config: options,
    isLook: true,
  }
  const label = `reading ${source.name} ${shownAddress(target.address)}`
  const reading = Promise.resolve()
    .then(() => source.read(context))
    .catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error)
      return failed(source.name, 'source_defect', `the source failed in itself: ${why}`)
    })
  const late = failed(source.name, 'timeout', `no answer within ${Math.round(timeoutMs)} ms`)
  const interpretation = await deadline.within(label, reading, late, timeoutMs + GRACE_MS)
  const outOfRange: Record<string, number> = {}
  const devices = interpretation.devices.map((device) => ({
    ...device,
    metrics: plausibleMetrics(device.metrics, (reason) => {
      outOfRange[reason] = (outOfRange[reason] ?? 0) + 1
    }),
  }))
  const durationMs = time.monotonicMs() - startedMs
  const sight = metersIn({ source: source.name, target }, { atMs, durationMs, interpretation })
  for (const [reason, count] of Object.entries(sight.rejected))
    if (reason !== METER_CLOCK) outOfRange[reason] = (outOfRange[reason] ?? 0) + count
  return {
    atMs,
    durationMs,
    interpretation: { ...interpretation, devices },
    outOfRange,
    digest: recording.digest(),
  }
}

/** A controller that is asked for the first time looks through all it has, one question at a time: it has the time there is. */
function longestRead({ source, timeoutMs }: SourceSection, readMs: number): number {
  return source.address === undefined ? Math.min(readMs, Math.max(timeoutMs, READ_MIN_MS)) : readMs
}

const failed = (source: string, reason: string, detail: string) =>
  unread(source, { reason, detail })
