import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { TimeSource } from '../../clock.ts'
import type { Source, SourceIo } from '../../source.ts'
import type {
  BusFacts,
  ConfigFacts,
  Facts,
  Inventory,
  SourceFacts,
  ToolFacts,
  TreeFacts,
} from '../facts.ts'
import { readingsIn } from '../seen-meters.ts'
import { TOOLS } from '../vendors.ts'
import { askDate, gatherPeer, gatherTimeService } from './clock.ts'
import { createDeadline, type Deadline } from './deadline.ts'
import { findOnPath, gatherCards, gatherDeviceFiles, gatherHost, gatherSpool } from './machine.ts'
import type { Recorder } from './recording-io.ts'
import { type Opened, openSource, sectionsOf, type SourceGathering } from './sources.ts'

/** Share of the time beside the watch that one read may take: a hung tool leaves time for the rest. */
const READ_SHARE = 0.5
/** A tool that only says its version, ms. */
const VERSION_MS = 2000
const VERSION_BYTES = 64 << 10
/** Other clocks asked. */
const PEERS = 8
/** Quick questions to the machine itself: sysfs, /dev, the disk of the spool, ms. */
const MACHINE_MS = 3000

const LATE_TREE: TreeFacts = { from: '', problem: 'it did not answer in time', meters: [] }

/** The bus's answer, and its clock where it tells. */
export interface BusAnswer {
  readonly facts: BusFacts
  readonly clock: Facts['clock']['peers'][number] | null
}

export interface GatherDeps {
  readonly io: SourceIo
  readonly time: TimeSource
  readonly recorder: Recorder
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly sources: readonly Source[]
  readonly config: ConfigFacts
  readonly inventory: Inventory | null
  /** Asks the bus within this time; null when none is named. Never rejects. */
  readonly askBus: ((timeoutMs: number) => Promise<BusAnswer>) | null
  /** Asks a server for the tree of meters; null when none is named. Never rejects. */
  readonly askTree: (() => Promise<TreeFacts>) | null
  readonly totalMs: number
  readonly watchMs: number
  readonly refreshMs: number
  /** Root of the file system, `/` but for tests. */
  readonly root?: string
}

/** Gathering under way. */
export interface Gathering {
  readonly facts: Promise<Facts>
  /** What is being waited for now, for a person. */
  readonly waitingFor: () => readonly string[]
}

/** Gathers everything the checks look at, within the time. One hung tool or dead disk stops nothing else. */
export function gather(deps: GatherDeps): Gathering {
  const deadline = createDeadline(deps.time, deps.totalMs)
  return { facts: gatherAll(deps, deadline), waitingFor: deadline.waitingFor }
}

async function gatherAll(deps: GatherDeps, deadline: Deadline): Promise<Facts> {
  const { io, time, config, root = '/' } = deps
  const atMs = time.wallMs()
  const spool = { ...config.used.spool, directory: resolve(config.used.spool.directory) }
  const machine = <T>(label: string, promise: Promise<T>, late: T) =>
    deadline.within(label, promise, late, MACHINE_MS)
  const noSpool = {
    directory: spool.directory,
    exists: false,
    isWritable: false,
    problem: 'the disk does not answer',
    freeBytes: null,
    usedBytes: 0,
    limitBytes: spool.maxBytes,
    fileSystem: null,
  }
  const [sources, host, cards, deviceFiles, service, spoolFacts, bus, tree] = await Promise.all([
    gatherSources(deps, deadline),
    gatherHost(deps.environment, root),
    machine('the PCI bus', gatherCards(root), null),
    machine('/dev', gatherDeviceFiles(root), []),
    machine('the time service', gatherTimeService(io), null),
    machine('the spool', gatherSpool(spool.directory, spool.maxBytes), noSpool),
    askBus(deps, deadline),
    deps.askTree === null ? null : machine('the server', deps.askTree(), LATE_TREE),
  ])
  const ownClock = bus?.clock ?? null
  return {
    atMs,
    version: deps.version,
    node: config.used.node === '' ? hostname() : config.used.node,
    config,
    host,
    cards,
    deviceFiles,
    tools: sources.tools,
    sources: sources.facts,
    clock: { service, peers: [...sources.peers, ...(ownClock === null ? [] : [ownClock])] },
    spool: spoolFacts,
    bus: bus?.facts ?? null,
    inventory: deps.inventory,
    tree,
    refreshMs: deps.refreshMs,
  }
}

async function askBus({ askBus: ask, totalMs }: GatherDeps, deadline: Deadline) {
  if (ask === null) return null
  const timeoutMs = deadline.remainingMs(totalMs * READ_SHARE)
  return deadline.within('the bus', ask(timeoutMs), null)
}

async function gatherSources(deps: GatherDeps, deadline: Deadline) {
  const { io, time, recorder, watchMs, totalMs, config } = deps
  const readMs = Math.max(0, totalMs - watchMs) * READ_SHARE
  const gathering: SourceGathering = { io, time, deadline, recorder, watchMs, readMs }
  const opened = await Promise.all(
    sectionsOf(config.used, deps.sources).map((section) =>
      openSource(section, config.used, gathering),
    ),
  )
  const [facts, tools] = await Promise.all([
    Promise.all(opened.map((each) => each.finish())),
    gatherTools(deps, deadline, opened),
  ])
  return { facts, tools, peers: await gatherPeers(facts, deps, deadline) }
}

async function gatherPeers(
  facts: readonly SourceFacts[],
  { time }: GatherDeps,
  deadline: Deadline,
) {
  const addresses = facts
    .filter(({ transport }) => transport === 'http')
    .flatMap(({ targets }) => targets)
    .filter(({ first }) => first.interpretation.outcome === 'ok')
    // A controller of a PDU has one connection to spare, and its own finding about its clock.
    .filter(({ first }) => readingsIn(first).length === 0)
    .slice(0, PEERS)
    .map(({ target }) => target.address)
  const asked = addresses.map((address) => gatherPeer(address, { time, ask: askDate }))
  const label = 'other clocks'
  const peers = await Promise.all(asked.map((peer) => deadline.within(label, peer, null)))
  return peers.filter((peer) => peer !== null)
}

/** Tools on PATH. One that hung in its source's read is not asked again. */
async function gatherTools(
  { io, environment, recorder }: GatherDeps,
  deadline: Deadline,
  opened: readonly Opened[],
): Promise<ToolFacts[]> {
  const hung = new Set(opened.flatMap((each) => each.hung))
  const found = await Promise.all(
    TOOLS.map(async ({ command, args }): Promise<ToolFacts | null> => {
      const label = `${command} on PATH`
      const finding = findOnPath(command, environment['PATH'] ?? '')
      const path = await deadline.within(label, finding, null, MACHINE_MS)
      if (path === null) return null
      const facts = { command, path, version: null, failure: null }
      if (hung.has(command) || hung.has(path)) return { ...facts, failure: 'timeout' }
      if (args === null) return facts
      const limits = { timeoutMs: deadline.remainingMs(VERSION_MS), maxBytes: VERSION_BYTES }
      const asking = io.run(command, args, limits)
      const result = await deadline.within(`${command} ${args.join(' ')}`, asking, null)
      if (result === null) return { ...facts, failure: 'timeout' }
      const output = Buffer.concat([result.stdout, result.stderr])
      const ended = result.failure ?? `exit ${result.exitCode ?? '?'}`
      recorder.keep([command, ...args].join(' '), ended, output)
      return { ...facts, version: versionIn(output.toString('utf8')), failure: result.failure }
    }),
  )
  return found.filter((tool) => tool !== null)
}

/** The first line that holds something like a version, cut; tools word it in many ways. */
export function versionIn(output: string): string | null {
  const lines = output.slice(0, VERSION_BYTES).split(/\r?\n/)
  const line = lines.find((each) => /\d+\.\d+/.test(each))
  const plain = line
    ?.replaceAll(/\p{Cc}/gu, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
  return plain === undefined || plain === '' ? null : plain.slice(0, 80)
}
