import type { CollectorConfig } from '../collector/config.ts'

/** What bin/plimsoll starts a collector with; V8 takes it at its start only. */
export const SMALL_HEAP_FLAG = '--max-semi-space-size=1'

/**
 * Exporters a small young generation carries. It costs CPU in proportion to what lives from read to batch: 6,250
 * exporters took 1.45 cores with a small one, 0.66 with V8's own (measured); at 64 the difference is not seen.
 */
const SMALL_HEAP_TARGETS = 64

/**
 * Sources of facility devices. They are read seldom and little lives from read to batch, so that a collector of meters stays
 * small; what it needs beyond a node's is room for the answers under way, and a malloc that gives back what handshakes took. Left
 * alone, V8 lets what lives through two short collections pile up to three times what is in use, and keeps that memory (measured). Node
 * gives each TLS connection a buffer of 64 kB, of which few pages are used: as a mapping of its own the others cost nothing, cut from the
 * top of malloc's heap they lie where handshakes have been. So the top is kept short (11 kB less per connection, measured).
 */
const METER_SOURCES: ReadonlySet<string> = new Set(['redfish', 'snmp', 'modbus'])
const METERS_FLAGS = ['--max-semi-space-size=4', '--heap-growing-percent=20'] as const
const METERS_MALLOC = {
  MALLOC_MMAP_THRESHOLD_: '32768',
  MALLOC_TRIM_THRESHOLD_: '65536',
  MALLOC_TOP_PAD_: '4096',
} as const

/** The part of the process that starting again needs. */
export interface Process {
  readonly execPath: string
  readonly execArgv: readonly string[]
  readonly argv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly execve?: (file: string, args: readonly string[], env: NodeJS.ProcessEnv) => void
}

type Sections = Pick<CollectorConfig, 'sources'>

/** Whether this configuration reads more exporters than one node has, or a list that may grow to that. */
export function readsManyTargets({ sources }: Sections): boolean {
  const listed = sources.reduce((sum, section) => sum + section.targets.length, 0)
  const growing = sources.some(
    (section) => section.fileSd.length + section.httpSd.length + section.prometheus.length > 0,
  )
  return growing || listed > SMALL_HEAP_TARGETS
}

/**
 * A collector that was started small and is to read many exporters becomes, under the same process id, one with
 * V8's own heap limits; one that reads many meters, one with limits of theirs. Does nothing where it was not started small, or the
 * platform cannot replace a process.
 */
export function growHeapFor(config: Sections, self: Process): void {
  if (!self.execArgv.includes(SMALL_HEAP_FLAG) || !readsManyTargets(config)) return
  const flags = self.execArgv.filter((flag) => flag !== SMALL_HEAP_FLAG)
  const exporters = config.sources.filter(({ source }) => !METER_SOURCES.has(source.name))
  const again = (more: readonly string[], env: NodeJS.ProcessEnv) =>
    self.execve?.(self.execPath, [self.execPath, ...flags, ...more, ...self.argv.slice(1)], env)
  if (!readsManyTargets({ sources: exporters })) {
    again(METERS_FLAGS, { ...METERS_MALLOC, ...self.env })
    return
  }
  const { MALLOC_ARENA_MAX: _small, ...env } = self.env
  again([], env)
}
