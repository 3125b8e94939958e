import { join } from 'node:path'
import type { CollectorConfig, SourceSection } from '../../collector/config.ts'
import type { Source } from '../../collector/source.ts'
import type { Target } from '../../collector/targets/target.ts'
import { pduName, type SimSite } from '../facility/site.ts'
import { CDU_MAP, CDU_MAP_PATH } from './cdu-registers.ts'
import type { FacilityMoments } from './facility-moments.ts'
import { createFacilitySource, facilityGroups, groupAddress } from './facility-source.ts'
import { LIVE_STEP_MS } from './moments.ts'

const COLLECTOR = 'facility-demo'
const TIMEOUT_MS = 5_000
const SPOOL_BYTES = 64 * 2 ** 20
const REFRESH_MS = 60_000

/** Protocols that devices of the site speak. */
export interface FieldSources {
  readonly snmp: Source
  readonly redfish: Source
  readonly modbus: Source
}

export interface FacilityCollectorOptions {
  readonly sources: FieldSources
  readonly live: FacilityMoments
  /** Of the fleet's clusters one: a site has no cluster of its own. */
  readonly cluster: string
  readonly directory: string
}

/** The collector that reads the site's meters and cooling units. */
export function facilityConfig(options: FacilityCollectorOptions): CollectorConfig {
  const { sources, live, cluster, directory } = options
  const { site } = live.facility
  return {
    cluster,
    collector: COLLECTOR,
    node: COLLECTOR,
    labels: { hall: '', rack: '', pool: '' },
    nodeLabels: new Map(),
    sources: [
      directSection(live),
      pduSection(sources, site),
      ...unitSections(sources, site),
    ].filter(({ targets }) => targets.length > 0),
    spool: { directory: join(directory, 'spool', 'facility'), maxBytes: SPOOL_BYTES },
    nats: null,
    thresholds: [],
  }
}

function directSection(live: FacilityMoments): SourceSection {
  const groups = facilityGroups(live.facility.site)
  const targets = groups.map((group) => targetOf(groupAddress(group), group.name, group.hall))
  return section(createFacilitySource(groups, live), {}, targets)
}

function pduSection({ snmp }: FieldSources, { racks }: SimSite): SourceSection {
  const targets = racks
    .filter(({ isSnmp }) => isSnmp)
    .flatMap((rack) =>
      (['a', 'b'] as const).map((feed) => {
        const name = pduName(rack, feed)
        return { ...targetOf(`snmp://${name}:161/`, name, rack.hall), rack: rack.name }
      }),
    )
  // A user without keys needs no secret.
  return section(snmp, { version: '3', user: { name: 'demo' } }, targets)
}

function unitSections({ redfish, modbus }: FieldSources, { units }: SimSite): SourceSection[] {
  const targets = (protocol: 'redfish' | 'modbus', address: (host: string) => string) =>
    units
      .filter((unit) => unit.protocol === protocol)
      .map(({ name, hall }) => targetOf(address(name), name, hall))
  return [
    section(
      redfish,
      { kinds: ['cooling'], full_every: `${LIVE_STEP_MS / 1000}s` },
      targets('redfish', (host) => `https://${host}/redfish/v1`),
    ),
    section(
      modbus,
      { maps: [CDU_MAP_PATH], map: CDU_MAP },
      targets('modbus', (host) => `modbus://${host}:502/`),
    ),
  ]
}

const section = (source: Source, options: unknown, targets: readonly Target[]): SourceSection => ({
  source,
  options: source.config.parse(options),
  targets,
  fileSd: [],
  httpSd: [],
  prometheus: [],
  refreshMs: REFRESH_MS,
  isLocal: false,
  intervalMs: LIVE_STEP_MS,
  timeoutMs: TIMEOUT_MS,
})

const targetOf = (address: string, node: string, hall: string): Target => ({
  address,
  node,
  isNodeNamed: true,
  hall,
  rack: '',
  pool: '',
  cluster: '',
})
