import { defaultConfig } from '../config.ts'
import { interpretation } from '../example-source.testing.ts'
import { toTarget } from '../targets/target.ts'
import type { DeviceReading, Interpretation } from '#schemas/reading.ts'
import type { Facts, ReadFacts, SourceFacts, TargetFacts } from './facts.ts'
import type { Finding, FindingId } from './finding.ts'

export const AT_MS = 1_800_000_000_000

/** A machine where all is well and nothing is installed. */
export function facts(more: Partial<Facts> = {}): Facts {
  return {
    atMs: AT_MS,
    version: '0.0.0',
    node: 'me',
    config: {
      file: null,
      problem: null,
      used: defaultConfig({ host: 'me', spoolDirectory: '/spool' }),
    },
    host: {
      platform: 'linux x64',
      kernel: '6.1',
      nodeVersion: '24.1.0',
      isRoot: true,
      uid: 0,
      containerHint: null,
      memoryLimitBytes: null,
      memoryFreeBytes: 8e9,
      openFilesMax: 65_536,
    },
    cards: [],
    deviceFiles: [],
    tools: [],
    sources: [],
    clock: { service: { tool: 'chronyc', isSynchronized: true, offsetMs: 0.1 }, peers: [] },
    spool: {
      directory: '/spool',
      exists: true,
      isWritable: true,
      problem: null,
      freeBytes: 2 ** 36,
      usedBytes: 0,
      limitBytes: 2 ** 32,
      fileSystem: 'other',
    },
    bus: null,
    inventory: null,
    tree: null,
    refreshMs: 30_000,
    ...more,
  }
}

export function source(name: string, more: Partial<SourceFacts> = {}): SourceFacts {
  const targets = more.targets ?? []
  return {
    name,
    transport: 'http',
    expects: [],
    fallbackFor: [],
    isNamed: false,
    detection: null,
    targetsListed: targets.length,
    listFailures: [],
    targets,
    ...more,
  }
}

/** One read of these devices, `atS` seconds after the start. */
export function read(
  devices: readonly DeviceReading[],
  more: Partial<ReadFacts> & {
    readonly atS?: number
    readonly said?: Partial<Interpretation>
  } = {},
): ReadFacts {
  const { atS = 0, said = {}, ...rest } = more
  return {
    atMs: AT_MS + atS * 1000,
    durationMs: 12,
    interpretation: interpretation(devices, said),
    outOfRange: {},
    digest: JSON.stringify(devices),
    ...rest,
  }
}

export function target(
  name: string,
  first: ReadFacts,
  more: Partial<TargetFacts> = {},
): TargetFacts {
  const place = toTarget('n1:9400', { node: 'me' }, 'me')
  return {
    source: name,
    address: place.address,
    target: place,
    isHere: true,
    first,
    second: null,
    ...more,
  }
}

/** What of one kind was found, shortest form. */
export const found = (findings: readonly Finding[], id: FindingId) =>
  findings.filter((finding) => finding.id === id)
