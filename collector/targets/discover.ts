import { glob, readFile, stat } from 'node:fs/promises'
import { PlimsollError } from '#schemas/errors.ts'
import type { TimeSource } from '../clock.ts'
import type { SourceSection } from '../config.ts'
import type { SourceIo } from '../source.ts'
import { activeTargetsUrl, parsePrometheusTargets } from './prometheus.ts'
import { parseTargetList } from './sd-list.ts'
import { shownAddress } from './shown-address.ts'
import { distinctTargets, type Target } from './target.ts'

/** How often the times of target files are looked at, ms. */
const FILE_POLL_MS = 5000
const LIST_TIMEOUT_MS = 10_000
/** A Prometheus server tells about 2 kB a target, 6,250 of them 12 MB. */
const LIST_BYTES = 64 << 20
const FILES_PER_GLOB = 1000

/** The file system as discovery needs it. */
export interface ListFiles {
  list(pattern: string): Promise<readonly string[]>
  /** Changes whenever the file does. */
  version(path: string): Promise<string>
  read(path: string): Promise<string>
}

export const listFiles: ListFiles = {
  async list(pattern) {
    const found: string[] = []
    for await (const path of glob(pattern)) if (found.push(path) >= FILES_PER_GLOB) break
    return found.sort()
  },
  async version(path) {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs}/${size}/${ino}`
  },
  async read(path) {
    const { size } = await stat(path)
    if (size > LIST_BYTES) throw new PlimsollError('E_TARGETS_INVALID', `${path} has ${size} bytes`)
    return readFile(path, 'utf8')
  },
}

/** How reading one target list went; becomes one line of collection health. */
export interface ListOutcome {
  /** Glob, or URL of the list or of the Prometheus server as it may be shown (see shownAddress). */
  readonly list: string
  readonly failure: { readonly reason: string; readonly detail: string } | null
  readonly targets: number
}

export interface DiscoverDeps {
  readonly section: Pick<
    SourceSection,
    'targets' | 'fileSd' | 'httpSd' | 'prometheus' | 'refreshMs'
  >
  readonly ownNode: string
  readonly io: SourceIo
  readonly time: TimeSource
  readonly files: ListFiles
  /** The whole list after each change; called at least once. */
  readonly onTargets: (targets: readonly Target[]) => void
  readonly onOutcome: (outcome: ListOutcome) => void
}

interface List {
  /** Glob or URL as configured, secrets included: never shown. */
  readonly key: string
  readonly shown: string
  readonly everyMs: number
  /** The targets now, or null when nothing changed since the last look. */
  readonly read: () => Promise<readonly Target[] | null>
}

/**
 * Keeps the targets of one source current: the fixed ones, and those of files, URLs and Prometheus servers.
 * A list that cannot be read keeps its last good content and is reported, so a broken file never looks like
 * a fleet that went away. Resolves after every list was read once.
 */
export async function startDiscovery(deps: DiscoverDeps): Promise<{ stop(): void }> {
  const { section, time, onTargets, onOutcome } = deps
  const current = new Map<string, readonly Target[]>()
  const cancels = new Map<string, () => void>()
  let stopped = false
  const publish = () =>
    onTargets(distinctTargets([...section.targets, ...[...current.values()].flat()]))
  const look = async (list: List): Promise<void> => {
    try {
      const targets = await list.read()
      if (stopped) return
      if (targets !== null) current.set(list.key, targets)
      onOutcome({ list: list.shown, failure: null, targets: current.get(list.key)?.length ?? 0 })
      if (targets !== null) publish()
    } catch (error) {
      if (stopped) return
      const kept = current.get(list.key)?.length ?? 0
      onOutcome({ list: list.shown, failure: failureOf(error, kept), targets: kept })
    }
    cancels.set(
      list.key,
      time.setTimer(list.everyMs, () => void look(list)),
    )
  }
  publish()
  await Promise.all(listsOf(deps).map(look))
  return {
    stop() {
      stopped = true
      for (const cancel of cancels.values()) cancel()
    },
  }
}

function listsOf({ section, ownNode, io, files }: DiscoverDeps): List[] {
  const fetched = (key: string, url: string, parse: typeof parseTargetList): List => {
    const shown = shownAddress(key)
    return {
      key,
      shown,
      everyMs: section.refreshMs,
      read: async () => parse(await fetchList(io, url, shown), shown, ownNode),
    }
  }
  return [
    ...section.fileSd.map((pattern) => ({
      key: pattern,
      shown: pattern,
      everyMs: FILE_POLL_MS,
      read: fileReader(pattern, files, ownNode),
    })),
    ...section.httpSd.map((url) => fetched(url, url, parseTargetList)),
    ...section.prometheus.map((base) =>
      fetched(base, activeTargetsUrl(base), parsePrometheusTargets),
    ),
  ]
}

function fileReader(pattern: string, files: ListFiles, ownNode: string): List['read'] {
  let seen: string | null = null
  return async () => {
    const paths = await files.list(pattern)
    if (paths.length === 0)
      throw new PlimsollError('E_TARGETS_INVALID', `no file matches ${pattern}`)
    const versions = await Promise.all(paths.map((path) => files.version(path)))
    const version = paths.map((path, i) => `${path}@${versions[i]}`).join('\n')
    if (version === seen) return null
    const targets: Target[] = []
    for (const path of paths)
      targets.push(...parseTargetList(await files.read(path), path, ownNode))
    seen = version
    return targets
  }
}

async function fetchList(io: SourceIo, url: string, shown: string): Promise<string> {
  const result = await io.get(url, { timeoutMs: LIST_TIMEOUT_MS, maxBytes: LIST_BYTES })
  if (result.failure !== null || result.status !== 200)
    throw new ListUnread(result.failure ?? `http_${result.status}`, shown)
  return new TextDecoder().decode(result.body)
}

/** The network's word for why a list did not come. */
class ListUnread extends Error {
  readonly reason: string
  constructor(reason: string, shown: string) {
    super(`${shown} answered ${reason}`)
    this.reason = reason
  }
}

function failureOf(error: unknown, kept: number) {
  const why = error instanceof Error ? error.message : String(error)
  const reason =
    error instanceof ListUnread
      ? error.reason
      : error instanceof PlimsollError
        ? 'list_invalid'
        : 'list_unreadable'
  return {
    reason,
    detail: `${why}. ${kept === 0 ? 'No targets from this list' : `The last good list of ${kept} targets stays in use`}.`,
  }
}
