import { z } from 'zod'
import { compileGlob, matchesGlob } from '../../formats/glob.ts'
import type { MapStore } from './load-map.ts'
import type { RegisterMap } from './register-map.ts'

const MAPS_MAX = 100
const DEVICES_MAX = 500

/** `30s`, `5m` -> ms. */
const FullEvery = z.string().transform((text, context) => {
  const match = /^(\d{1,4})(s|m)$/.exec(text)
  const ms = match === null ? 0 : Number(match[1]) * (match[2] === 'm' ? 60_000 : 1000)
  if (ms >= 1000 && ms <= 3_600_000) return ms
  context.issues.push({ code: 'custom', message: 'must be a time from 1s to 60m', input: text })
  return z.NEVER
})

/** The section `modbus` of the configuration; maps are read from their files while it is, so that mistakes show there. */
export function configOf(store: MapStore) {
  const maps = z
    .array(z.string().min(1).max(4096))
    .max(MAPS_MAX)
    .default([])
    .transform((paths, context): readonly RegisterMap[] =>
      paths.flatMap((path) => {
        const { value, mistakes } = store.read(path)
        for (const message of mistakes)
          context.issues.push({ code: 'custom', message, input: path })
        return value ?? []
      }),
    )
  const unitId = z.int().min(0).max(255).optional()
  return z
    .strictObject({
      map: z.string().max(64).optional().describe('name of the map of targets without another'),
      unit_id: unitId.describe("unit where it is not the map's"),
      maps: maps.describe('files of register maps'),
      devices: z
        .array(
          z.strictObject({
            targets: z.array(z.string().min(1).max(256)).min(1).max(1000),
            map: z.string().max(64).optional(),
            unit_id: unitId,
          }),
        )
        .max(DEVICES_MAX)
        .default([])
        .describe('exceptions by name of meter or host, the first that fits counts'),
      full_every: FullEvery.optional().describe(
        'with a short interval: how often everything is read; leak, pump and flow on every tick',
      ),
    })
    .superRefine((config, context) => {
      const known = new Set([...config.maps, ...store.builtIn()].map(({ name }) => name))
      const check = (name: string | undefined, path: (string | number)[]) => {
        if (name === undefined || known.has(name)) return
        const message = `there is no map "${name}"; known: ${[...known].join(', ')}. Name its file under \`maps\``
        context.addIssue({ code: 'custom', path, message })
      }
      check(config.map, ['map'])
      for (const [at, { map }] of config.devices.entries()) check(map, ['devices', at, 'map'])
    })
    .prefault({})
}
export type ModbusConfig = z.infer<ReturnType<typeof configOf>>

/** How one device is read. */
export interface DevicePlan {
  readonly map: RegisterMap
  readonly unitId: number
}

/** Map and unit of a target; null when nobody named a map. A path such as `/3` in its address is the unit. */
export function planFor(
  config: ModbusConfig,
  builtIn: readonly RegisterMap[],
  target: { readonly names: readonly string[]; readonly unitId: number | null },
): DevicePlan | null {
  const rule = config.devices.find(({ targets }) =>
    targets.some((pattern) => target.names.some((name) => matchesGlob(name, compileGlob(pattern)))),
  )
  const name = rule?.map ?? config.map
  const map = [...config.maps, ...builtIn].find((one) => one.name === name)
  if (map === undefined) return null
  return { map, unitId: target.unitId ?? rule?.unit_id ?? config.unit_id ?? map.unitId }
}
