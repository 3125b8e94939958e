import type { Logger } from '#schemas/role.ts'
import type { CollectorClock, TimeSource } from './clock.ts'
import type { SourceSection } from './config.ts'
import { detectSource, type SourceDetection } from './detect.ts'
import type { CollectionHealth } from './health.ts'
import type { Runner } from './runner.ts'
import type { SourceIo } from './source.ts'
import { type ListFiles, type ListOutcome, startDiscovery } from './targets/discover.ts'
import type { Target } from './targets/target.ts'

/** How often a tool that was not found is looked for again, ms. */
const LOOK_AGAIN_MS = 60_000

export interface PlacesDeps {
  readonly sections: readonly SourceSection[]
  /** Named in the configuration: what is not found is then a line of health, not silence. */
  readonly areNamed: boolean
  readonly ownNode: string
  readonly io: SourceIo
  readonly files: ListFiles
  readonly time: TimeSource
  readonly clock: CollectorClock
  readonly logger: Logger
  readonly runner: Runner
  readonly health: CollectionHealth
}

export interface Places {
  stop(): void
  /** What was looked for on this machine, a sentence per source. */
  looked(): string[]
}

/** What this machine has, by source name; a fallback is read only where nothing better was found. */
interface Findings {
  readonly found: Map<string, SourceDetection>
  readonly sentences: Map<string, string>
}

/** Gives the runner its targets: from lists, or from what is found on this machine. */
export async function startPlaces(deps: PlacesDeps): Promise<Places> {
  const findings: Findings = { found: new Map(), sentences: new Map() }
  // Nobody is started before everybody was looked for: a fallback must know whether it is needed.
  const stops = await Promise.all(
    deps.sections.map((section) =>
      section.isLocal ? startLooking(deps, section, findings) : startLists(deps, section),
    ),
  )
  settleLocal(deps, findings)
  return {
    stop() {
      for (const stop of stops) stop()
    },
    looked: () => [...findings.sentences.values()],
  }
}

/** Hands every local section its target, or takes it away where a better source was found meanwhile. */
function settleLocal(deps: PlacesDeps, { found, sentences }: Findings): void {
  for (const section of deps.sections) {
    const { source } = section
    const here = found.get(source.name)
    if (!section.isLocal || here === undefined) continue
    const better = deps.areNamed ? undefined : betterThan(section, found)
    const isNeeded = better === undefined || here.detection.state !== 'present'
    const sentence = isNeeded
      ? here.sentence
      : `${source.name}: here and not read, ${better} sees the same devices (name it in the configuration to read both)`
    if (sentences.get(source.name) !== sentence)
      deps.logger.info('looked on this machine', { source: source.name, found: sentence })
    sentences.set(source.name, sentence)
    if (isNeeded) settleFound(deps, section, here)
    else deps.runner.setTargets(section, [])
  }
}

function betterThan(
  { source }: SourceSection,
  found: ReadonlyMap<string, SourceDetection>,
): string | undefined {
  return source.fallbackFor?.find((name) => found.get(name)?.detection.state === 'present')
}

async function startLists(deps: PlacesDeps, section: SourceSection): Promise<() => void> {
  const { runner, ownNode, io, time, files } = deps
  const failing = new Set<string>()
  const discovery = await startDiscovery({
    section,
    ownNode,
    io,
    time,
    files,
    onTargets: (targets) => runner.setTargets(section, targets),
    onOutcome: (outcome) => noteList(deps, section.source.name, outcome, failing),
  })
  return () => discovery.stop()
}

function noteList(
  { health, clock, logger, ownNode }: PlacesDeps,
  source: string,
  { list, failure, targets }: ListOutcome,
  failing: Set<string>,
): void {
  health.observePlace({
    source,
    place: `list ${list}`,
    node: ownNode,
    atMs: clock.now(),
    outcome: failure === null ? 'ok' : 'failed',
    reason: failure?.reason ?? '',
    detail: failure?.detail ?? '',
    targets,
  })
  const isNews = failing.has(list) === (failure === null)
  if (failure === null) failing.delete(list)
  else failing.add(list)
  if (isNews && failure !== null)
    logger.warn('a target list cannot be read', { source, list, why: failure.detail })
  if (isNews && failure === null) logger.info('a target list is back', { source, list, targets })
}

async function startLooking(
  deps: PlacesDeps,
  section: SourceSection,
  findings: Findings,
): Promise<() => void> {
  const { io, ownNode, time } = deps
  let cancel: () => void = () => undefined
  let stopped = false
  const look = async () => {
    const found = await detectSource(section, io, ownNode)
    if (stopped) return
    findings.found.set(section.source.name, found)
    if (found.detection.state !== 'present') cancel = time.setTimer(LOOK_AGAIN_MS, again)
  }
  const again = () => void look().then(() => (stopped ? undefined : settleLocal(deps, findings)))
  await look()
  return () => {
    stopped = true
    cancel()
  }
}

function settleFound(
  { runner, health, clock, ownNode, areNamed }: PlacesDeps,
  section: SourceSection,
  { source, detection }: SourceDetection,
): void {
  const place = `here: ${detection.looked}`
  if (detection.state === 'present') {
    const target: Target = {
      ...detection.target,
      isNodeNamed: true,
      hall: '',
      rack: '',
      pool: '',
      cluster: '',
    }
    runner.setTargets(section, [target])
    health.forgetPlace(source)
  } else if (areNamed || detection.state === 'broken')
    health.observePlace({
      source,
      place,
      node: ownNode,
      atMs: clock.now(),
      outcome: detection.state === 'absent' ? 'absent' : 'failed',
      reason: detection.state === 'absent' ? 'not_found' : detection.reason,
      detail: detection.state === 'absent' ? `looked for ${detection.looked}` : detection.detail,
      targets: 0,
    })
}
