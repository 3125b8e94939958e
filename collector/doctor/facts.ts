import type { Interpretation } from '#schemas/reading.ts'
import type { MetricName } from '#schemas/metrics.ts'
import type { CollectorConfig } from '../config.ts'
import type { Detection, Source } from '../source.ts'
import type { Target } from '../targets/target.ts'
import type { CardVendor } from './vendors.ts'

/** Everything the checks look at, gathered at the edge; null always means "could not be learned here". */
export interface Facts {
  /** When gathering began, epoch ms. */
  readonly atMs: number
  readonly version: string
  readonly node: string
  readonly config: ConfigFacts
  readonly host: HostFacts
  /** Accelerators of known vendors on this machine's bus; null where sysfs cannot be read. */
  readonly cards: readonly BusCard[] | null
  readonly deviceFiles: readonly DeviceFile[]
  readonly tools: readonly ToolFacts[]
  readonly sources: readonly SourceFacts[]
  readonly clock: ClockFacts
  readonly spool: SpoolFacts
  /** Null when no bus is named. */
  readonly bus: BusFacts | null
  readonly inventory: Inventory | null
  /** The tree of meters as a server has it; null when no server was named. */
  readonly tree: TreeFacts | null
  /** Time in which an exporter renews its values, ms: what repeats within it is no freeze. */
  readonly refreshMs: number
}

export interface ConfigFacts {
  /** Null without a file. */
  readonly file: string | null
  /** Why the file cannot be used; null when it can. */
  readonly problem: { readonly code: string; readonly message: string } | null
  /** What is used: the file's, or defaults where there is none or it is bad. */
  readonly used: CollectorConfig
}

export interface HostFacts {
  readonly platform: string
  readonly kernel: string
  readonly nodeVersion: string
  readonly isRoot: boolean
  readonly uid: number | null
  /** What says that this is a container (`/.dockerenv`, Kubernetes' variables), or null. */
  readonly containerHint: string | null
  /** Limit of the control group, bytes; null without one. */
  readonly memoryLimitBytes: number | null
  readonly memoryFreeBytes: number | null
  /** Soft limit of open files. */
  readonly openFilesMax: number | null
}

/** A card as sysfs lists it. */
export interface BusCard {
  /** `0000:53:00.0`, lower case. */
  readonly address: string
  readonly vendor: CardVendor
  /** Kernel driver bound to it (`nvidia`, `vfio-pci`), null without one. */
  readonly driver: string | null
}

/** A file under /dev that a vendor's driver makes. */
export interface DeviceFile {
  readonly path: string
  readonly vendor: CardVendor
  readonly isUsable: boolean
  /** `crw-rw---- 0 1001`: mode, owner, group; null when it cannot be read. */
  readonly mode: string | null
}

export interface ToolFacts {
  readonly command: string
  /** Where it was found on PATH. */
  readonly path: string
  readonly version: string | null
  /** Null when it answered or was not asked. */
  readonly failure: string | null
}

/** One source: how looking for it went, and one or two reads of each of its targets. */
export interface SourceFacts {
  readonly name: string
  readonly transport: Source['transport']
  readonly expects: readonly MetricName[]
  readonly fallbackFor: readonly string[]
  /** Named in the configuration: its absence is then a finding. */
  readonly isNamed: boolean
  /** Null when targets are listed. */
  readonly detection: Detection | null
  readonly targetsListed: number
  readonly listFailures: readonly { readonly list: string; readonly detail: string }[]
  readonly targets: readonly TargetFacts[]
}

export interface TargetFacts {
  readonly source: string
  /** As it may be shown: without secrets. */
  readonly address: string
  readonly target: Target
  /** Its devices sit in this machine. */
  readonly isHere: boolean
  readonly first: ReadFacts
  /** The second read, some seconds later; null when there was no time or the first one hung. */
  readonly second: ReadFacts | null
}

export interface ReadFacts {
  readonly atMs: number
  readonly durationMs: number
  readonly interpretation: Interpretation
  /** Values outside their metric's range, by `range:<metric>`, and meters that were refused, by reason. */
  readonly outOfRange: Readonly<Record<string, number>>
  /** Hash over everything the tool or page said in this read; null when it said nothing. */
  readonly digest: string | null
}

export interface ClockFacts {
  readonly service: {
    readonly tool: string
    readonly isSynchronized: boolean | null
    /** This clock minus the time service's, ms. */
    readonly offsetMs: number | null
  } | null
  /** Clocks of others, as their HTTP Date or the bus says. */
  readonly peers: readonly {
    readonly name: string
    /** This clock minus theirs, ms. */
    readonly offsetMs: number
    /** Half of the answer's time, plus what the header rounds, ms. */
    readonly uncertaintyMs: number
  }[]
}

export interface SpoolFacts {
  readonly directory: string
  readonly exists: boolean
  /** Itself, or the nearest folder above it that exists, can be written. */
  readonly isWritable: boolean
  /** Why not, as the system says it. */
  readonly problem: string | null
  readonly freeBytes: number | null
  readonly usedBytes: number
  readonly limitBytes: number
  readonly fileSystem: 'tmpfs' | 'nfs' | 'other' | null
}

export interface BusFacts {
  /** Without secrets. */
  readonly address: string
  readonly state: 'ok' | 'away' | 'unusable'
  readonly detail: string
  readonly serverVersion: string | null
  readonly roundTripMs: number | null
  readonly stream: 'present' | 'missing' | 'not_allowed' | 'unknown'
  readonly streamName: string
}

/** What should be there. */
export interface Inventory {
  readonly from: string
  /** Devices in all, by `--expect`. */
  readonly total: number | null
  readonly nodes: ReadonlyMap<string, { readonly count: number; readonly keys: readonly string[] }>
}

/** What a server says of the meters that people entered. */
export interface TreeFacts {
  /** Its address, without secrets. */
  readonly from: string
  /** Why there is no tree; null when there is one. */
  readonly problem: string | null
  readonly meters: readonly {
    readonly meter: string
    /** By what the server has stored: `silent` and `faulty` are its words, too. */
    readonly state: 'ok' | 'silent' | 'faulty' | 'unlisted'
  }[]
}
