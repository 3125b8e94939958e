import type { Logger, Role, RoleHealth } from '#schemas/role.ts'
import { systemTime, type TimeSource } from '../../collector/clock.ts'
import { type Collector, createCollector, STATUS_EVERY_MS } from '../../collector/collector.ts'
import { loadSources } from '../../collector/sources.ts'
import { openSpool, type Spool } from '../../collector/spool/spool.ts'
import { type DirectBus, openDirectBus } from '../../ingest/bus/direct-publisher.ts'
import type { FacilityModel } from '../facility/model.ts'
import type { NodeModel } from '../fleet/node-readings.ts'
import type { FleetModel } from '../fleet/state.ts'
import type { Incident } from '../incident.ts'
import { cduRegisters } from './cdu-registers.ts'
import { collectorConfigs, type FleetSources } from './collectors.ts'
import { createExporters } from './exporters.ts'
import { facilityConfig, type FieldSources } from './facility-collector.ts'
import { createFacilityMoments } from './facility-moments.ts'
import { createField } from './field.ts'
import { createMoments } from './moments.ts'
import { createNpuTools } from './npu-tools.ts'
import { createWorld, type SimulatedWorld } from './world.ts'

export interface DemoFleetOptions {
  /** The one that wrote the history: energy and jobs go on from there. */
  readonly model: FleetModel
  /** The site round it, whose counters the history began. */
  readonly facility: FacilityModel
  /** The one that wrote the history of nodes. */
  readonly nodes: NodeModel
  readonly incident: Incident
  /** Folder of the spools, below the stamped one. */
  readonly directory: string
  readonly log: Logger
  readonly random: (bytes: number) => Uint8Array
  readonly time?: TimeSource
}

/** A collector of the demo, whose spool ingest reads in place. */
export interface DemoCollector {
  readonly cluster: string
  readonly collector: string
  readonly spool: Spool
  readonly bus: DirectBus
}

/** The live fleet as a role: real collectors that read simulated tools. */
export interface DemoFleet extends Role {
  /** One per cluster, and one for the site; empty before start. */
  collectors(): readonly DemoCollector[]
}

interface Running {
  readonly world: SimulatedWorld
  readonly collectors: readonly Collector[]
  readonly spooled: readonly DemoCollector[]
}

/** Nothing happens before start(); the incident is armed when the fleet is live. */
export function createDemoFleet(options: DemoFleetOptions): DemoFleet {
  let running: Running | null = null
  return {
    name: 'demo fleet',
    async start() {
      running ??= await startFleet(options)
      options.incident.arm()
    },
    async stop() {
      const stopping = running
      running = null
      stopping?.world.stop()
      await Promise.all((stopping?.collectors ?? []).map((collector) => collector.stop()))
    },
    health: () => healthOf(running),
    collectors: () => running?.spooled ?? [],
  }
}

async function startFleet(options: DemoFleetOptions): Promise<Running> {
  const { model, incident, directory, log, random, time = systemTime } = options
  const moments = createMoments(model, incident)
  const exporters = createExporters(model, moments)
  const site = createFacilityMoments(options.facility, moments, incident)
  const { wallMs } = time
  const field = createField({ live: site, registers: cduRegisters(), wallMs })
  const world = createWorld({ exporters, tools: createNpuTools(model, moments), field, time })
  const sources = await namedSources()
  const fleetConfigs = collectorConfigs(model, moments, {
    sources,
    directory,
    nodes: options.nodes,
    startMs: time.wallMs(),
  })
  const [{ cluster: siteCluster } = { cluster: '' }] = fleetConfigs
  const configs = [
    ...fleetConfigs,
    facilityConfig({ sources, live: site, cluster: siteCluster, directory }),
  ]
  const spooled: DemoCollector[] = []
  const collectors: Collector[] = []
  try {
    for (const config of configs) {
      const { cluster, collector: name } = config
      const bus = openDirectBus({ cluster, collector: name })
      const collector = createCollector({
        config,
        sources: [],
        publisher: bus.publisher,
        io: world,
        logger: log,
        random,
        time,
        simulated: true,
        status: { everyMs: STATUS_EVERY_MS, version: 'demo' },
        async openSpool(spoolOptions) {
          const spool = await openSpool(spoolOptions)
          spooled.push({ cluster, collector: name, spool, bus })
          return spool
        },
      })
      await collector.start()
      collectors.push(collector)
    }
  } catch (error) {
    world.stop()
    await Promise.all(collectors.map((collector) => collector.stop()))
    throw error
  }
  return { world, collectors, spooled }
}

async function namedSources(): Promise<FleetSources & FieldSources> {
  const sources = await loadSources()
  const named = (name: string) => {
    const source = sources.find((one) => one.name === name)
    if (source === undefined) throw new Error(`the demo needs the source ${name}`)
    return source
  }
  return {
    dcgmExporter: named('dcgm-exporter'),
    npuSmi: named('npu-smi'),
    snmp: named('snmp'),
    redfish: named('redfish'),
    modbus: named('modbus'),
  }
}

/** Failing targets are part of the picture, so a collector that reports them is not degraded here. */
function healthOf(running: Running | null): RoleHealth {
  if (running === null) return { state: 'stopped', detail: 'not started', metrics: {} }
  const metrics: Record<string, number> = {}
  for (const collector of running.collectors)
    for (const [name, value] of Object.entries(collector.health().metrics))
      metrics[name] = (metrics[name] ?? 0) + value
  const detail = `${metrics['collector_devices'] ?? 0} simulated devices`
  return { state: 'ok', detail, metrics }
}
