import type { Interpretation } from '#schemas/reading.ts'
import type { FieldIo } from '../../field-io.ts'
import { createEars } from '../../host-ear.ts'
import { createFieldRequester } from '../../host-redfish.ts'
import type { SourceIo } from '../../source.ts'
import type { SimulatedCdu, SimulatedPdu, SimulatedSide } from './simulate.ts'
import { createRedfishSource, type RedfishDeps } from './source.ts'

export const PDU: SimulatedPdu = {
  id: '1',
  watts: 6438,
  joules: 203_176_800_000,
  celsius: 26.3,
  outlets: [
    { id: 'A1', watts: 197.4, joules: 3_600_000 },
    { id: 'A2', watts: 0, joules: 7_200_000 },
  ],
}

const side = (litersPerMinute: number, supplyCelsius: number): SimulatedSide => ({
  litersPerMinute,
  ratedLitersPerMinute: 1200,
  supplyCelsius,
  returnCelsius: supplyCelsius + 10,
  supplyPascals: 250_000,
  returnPascals: 120_000,
  heatWatts: 640_000,
})

export const CDU: SimulatedCdu = {
  id: '1',
  watts: 4200,
  joules: 3_600_000_000,
  dewPointCelsius: 14,
  primary: side(900, 28),
  secondary: side(1100, 35),
  pumps: [
    { id: '1', speed: 0.62, hours: 5120, state: 'running' },
    { id: '2', speed: 0, hours: 4980, state: 'standby' },
  ],
  leaks: [
    { id: '1', state: 'ok' },
    { id: '2', state: 'unavailable' },
  ],
  reservoir: 0.8,
}

/** A world in which only `request` and `hear` are real; nobody asks for the rest. */
export function fieldWorld(): { readonly io: SourceIo; stop(): void } {
  const requester = createFieldRequester()
  const ears = createEars()
  const nobody = () => Promise.reject(new Error('not asked for by Redfish'))
  const field: FieldIo = {
    request: requester.request,
    hear: ears.hear,
    snmp: { get: nobody, walk: nobody, traps: nobody, addressOf: () => null },
    modbus: { read: nobody },
  }
  const io: SourceIo = {
    run: nobody,
    stream: () => 'busy',
    get: nobody,
    hasCommand: async () => false,
    field,
  }
  return {
    io,
    stop() {
      requester.stop()
      ears.stop()
    },
  }
}

/** One device asked by the source over real connections. */
export interface Asked {
  /** A read of the tick at this time, ms from the first one, within this budget. */
  read(atMs?: number, timeoutMs?: number): Promise<Interpretation>
  readonly memory: Map<string, unknown>
  /** What the runner asks before that read. */
  isDue(atMs: number): boolean | undefined
  readonly source: ReturnType<typeof createRedfishSource>
  stop(): Promise<void>
}

const T0 = 1_800_000_000_000

export function askDevice(
  url: string,
  options: Readonly<Record<string, unknown>> = {},
  deps: Partial<RedfishDeps> = {},
): Asked {
  const world = fieldWorld()
  const source = createRedfishSource({
    secrets: { environment: {}, readText: () => Promise.reject(new Error('no files')) },
    nowMs: () => Date.now(),
    random: () => 0.5,
    token: () => 'token-of-ours',
    ...deps,
  })
  const config = source.config.parse(options)
  const memory = new Map<string, unknown>()
  const target = { address: url, node: 'thing-1' }
  return {
    memory,
    source,
    isDue: (atMs) => source.isDue?.({ target, config, nowMs: T0 + atMs, memory }),
    read: (atMs = 0, timeoutMs = 5000) =>
      source.read({ io: world.io, target, config, nowMs: T0 + atMs, timeoutMs, memory }),
    async stop() {
      world.stop()
    },
  }
}
