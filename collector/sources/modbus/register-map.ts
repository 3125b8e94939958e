import { z } from 'zod'
import type { MetricDefinition } from '#schemas/metric-definition.ts'
import { METER_ID_PATTERN } from '#schemas/meter-id.ts'
import {
  isMeterMetricName,
  LEAK_STATES,
  meterMetricDefinition,
  type MeterMetricName,
  PUMP_STATES,
} from '#schemas/meter-metrics.ts'
import { METER_UNITS, meterUnit, type MeterUnitName } from '../../formats/meter-units.ts'
import { type BitSpan, VALUE_TYPES, type ValueType, WORD_ORDERS, wordsOf } from './decode.ts'
import type { WordOrder } from './decode.ts'

/** Modbus functions that read: coils, discrete inputs, holding registers, input registers. */
export type ReadFunction = 1 | 2 | 3 | 4

const POINTS_MAX = 500
const address = z.int().min(0).max(65_535)
const unitId = z.int().min(0).max(255)

const PointEntry = z.strictObject({
  metric: z.string().describe('name of schemas/meter-metrics.ts'),
  point: z
    .string()
    .refine((text) => text === '' || METER_ID_PATTERN.test(`x/${text}`), {
      error: 'must be part of a meter id, such as secondary or pump/1',
    })
    .default('')
    .describe('part of the device; empty = the device as a whole'),
  unit_id: unitId.optional().describe("where it is not the map's"),
  function: z.literal([1, 2, 3, 4]).optional(),
  address: address.optional().describe('zero-based, as it is on the wire'),
  manual: z
    .string()
    .regex(/^[0134]\d{4,5}$/, 'must be 5 or 6 digits that start with 0, 1, 3 or 4, such as 30001')
    .optional()
    .describe("the manual's one-based notation, in place of function and address"),
  type: z.enum(VALUE_TYPES),
  word_order: z.enum(WORD_ORDERS).optional(),
  scale: z
    .number()
    .refine((scale) => scale !== 0, { error: 'must not be 0' })
    .default(1),
  offset: z.number().default(0).describe('added after the scale, in `unit`'),
  unit: z.string().optional().describe('unit of the scaled number'),
  invalid: z
    .union([z.string(), z.array(z.string()).max(8)])
    .default([])
    .describe('bit patterns that mean "no value", such as 0x8000'),
  range: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('in `unit`; what lies outside is refused'),
  jump: z
    .number()
    .positive()
    .optional()
    .describe('in `unit`: largest change from one read to the next'),
  states: z
    .record(z.string().regex(/^\d{1,5}$/, 'must be a whole number'), z.string())
    .optional()
    .describe('number -> state, for pump_state and leak_state'),
  bits: z
    .union([z.int().min(0).max(15), z.tuple([z.int().min(0).max(15), z.int().min(0).max(15)])])
    .optional()
    .describe('of a bitfield: one bit, or its lowest and highest'),
  note: z.string().max(1024).optional(),
})
type PointEntry = z.infer<typeof PointEntry>

/** One value of a device, ready to be read. */
export interface MapPoint {
  readonly metric: MeterMetricName
  readonly point: string
  /** Null = the unit of the target or map. */
  readonly unitId: number | null
  readonly function: ReadFunction
  readonly address: number
  readonly type: ValueType
  readonly order: WordOrder
  readonly scale: number
  readonly offset: number
  readonly unit: MeterUnitName
  /** Hexadecimal digits in the order of significance. */
  readonly invalid: readonly string[]
  readonly range: readonly [number, number] | null
  readonly jump: number | null
  /** Number of the device -> our code; null = the number is the code. */
  readonly states: ReadonlyMap<number, number> | null
  readonly bits: BitSpan
}

/** Registers of one kind of device: data that comes with its contract, not code. */
export interface RegisterMap {
  readonly name: string
  readonly about: string
  readonly unitId: number
  /** Registers of one request. */
  readonly maxRegisters: number
  /** Registers nobody asked for that one request may span. */
  readonly gap: number
  readonly points: readonly MapPoint[]
}

/** The file of a register map; what is wrong in it is said point by point. */
export const RegisterMapFile = z
  .strictObject({
    name: z
      .string()
      .max(64)
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'must hold lower-case letters, digits and - only'),
    about: z.string().max(1024).default(''),
    unit_id: unitId.default(1),
    word_order: z.enum(WORD_ORDERS).default('ABCD'),
    max_registers_per_request: z.int().min(4).max(125).default(125),
    gap: z.int().min(0).max(64).default(8),
    points: z.array(PointEntry).min(1).max(POINTS_MAX),
  })
  .transform((file, context): RegisterMap => {
    const seen = new Set<string>()
    const points = file.points.flatMap((entry, at) => {
      const refuse = (key: string, message: string) =>
        context.issues.push({ code: 'custom', path: ['points', at, key], message, input: entry })
      const found = pointOf(entry, file.word_order, refuse)
      const name = `${entry.point} ${entry.metric}`
      if (seen.has(name)) refuse('metric', `${entry.metric} of "${entry.point}" is there twice`)
      seen.add(name)
      return found ?? []
    })
    const { name, about, gap } = file
    return {
      name,
      about,
      gap,
      unitId: file.unit_id,
      maxRegisters: file.max_registers_per_request,
      points,
    }
  })

type RefuseKey = (key: string, message: string) => void

function pointOf(entry: PointEntry, order: WordOrder, refuse: RefuseKey): MapPoint | null {
  const { metric, point } = entry
  const definition = meterMetricDefinition(metric)
  if (definition === undefined || !isMeterMetricName(metric)) {
    refuse('metric', `there is no metric "${metric.slice(0, 80)}" of meters`)
    return null
  }
  const place = placeOf(entry, refuse)
  const unit = unitOf(entry, definition, refuse)
  const states = statesOf(entry, refuse)
  const bits = bitsOf(entry, refuse)
  const invalid = invalidOf(entry, refuse)
  const { range = null, jump = null, type, scale, offset } = entry
  if (range !== null && range[0] >= range[1]) refuse('range', 'must go from low to high')
  if (place === null || unit === null) return null
  return {
    metric,
    point,
    unitId: entry.unit_id ?? null,
    ...place,
    type,
    order: entry.word_order ?? order,
    scale,
    offset,
    unit,
    invalid,
    range,
    jump,
    states,
    bits,
  }
}

/** First digit of the manual's notation -> function. */
const AREAS: Readonly<Record<string, ReadFunction>> = { '0': 1, '1': 2, '3': 4, '4': 3 }

function placeOf(
  entry: PointEntry,
  refuse: RefuseKey,
): { readonly function: ReadFunction; readonly address: number } | null {
  const { manual, type } = entry
  const area = AREAS[manual?.[0] ?? '']
  const oneBased = Number(manual?.slice(1))
  if (manual !== undefined && (oneBased < 1 || oneBased > 65_536))
    refuse('manual', 'counts from 1: 30001 is the first input register')
  const found = {
    function: entry.function ?? area,
    address: entry.address ?? (manual === undefined ? undefined : oneBased - 1),
  }
  if (found.function === undefined || found.address === undefined) {
    refuse('address', 'is missing: give function and address, or manual')
    return null
  }
  if (manual !== undefined && (found.function !== area || found.address !== oneBased - 1))
    refuse(
      'address',
      `does not agree with manual ${manual}, which is function ${area} address ${oneBased - 1}`,
    )
  if ((type === 'bit') !== found.function <= 2)
    refuse('type', 'functions 1 and 2 read single bits (type bit), functions 3 and 4 registers')
  if (found.address + wordsOf(type) > 65_536) refuse('address', 'lies behind the last register')
  return { function: found.function, address: found.address }
}

function unitOf(
  { unit: text, metric }: PointEntry,
  { kind, unit: canonical }: MetricDefinition,
  refuse: RefuseKey,
): MeterUnitName | null {
  if (text === undefined && kind === 'enum') return 'code'
  const unit = meterUnit(text ?? '')
  if (unit !== null && METER_UNITS[unit].to === canonical) return unit
  const fitting = Object.entries(METER_UNITS).flatMap(([name, { to }]) =>
    to === canonical ? [name] : [],
  )
  refuse('unit', `must be a unit of ${metric}: ${fitting.join(', ')}`)
  return null
}

const STATES: Readonly<Record<string, readonly string[]>> = {
  leak_state: LEAK_STATES,
  pump_state: PUMP_STATES,
}

function statesOf(entry: PointEntry, refuse: RefuseKey): ReadonlyMap<number, number> | null {
  const known = STATES[entry.metric]
  if (entry.states === undefined) {
    // A number without a table would be taken for our own code: 1 is "running" for most makers and "standby" for us.
    if (known !== undefined) refuse('states', `is missing: number -> ${known.join(', ')}`)
    return null
  }
  if (known === undefined) {
    refuse('states', 'stands beside pump_state and leak_state only')
    return null
  }
  const states = new Map<number, number>()
  for (const [number, name] of Object.entries(entry.states)) {
    const code = known.indexOf(name)
    if (code < 0) refuse('states', `"${name.slice(0, 40)}" is none of ${known.join(', ')}`)
    states.set(Number(number), code)
  }
  return states
}

function bitsOf({ bits, type }: PointEntry, refuse: RefuseKey): BitSpan {
  if (bits !== undefined && type !== 'bitfield') refuse('bits', 'stands beside type bitfield only')
  if (bits === undefined) return { low: 0, high: 15 }
  const [low, high] = typeof bits === 'number' ? [bits, bits] : bits
  if (low > high) refuse('bits', 'must go from low to high')
  return { low, high }
}

function invalidOf({ invalid, type }: PointEntry, refuse: RefuseKey): string[] {
  return [invalid].flat().map((text) => {
    const digits = /^(?:0x)?([0-9A-Fa-f]{1,16})$/.exec(text.trim())?.[1] ?? ''
    const length = wordsOf(type) * 4
    if (digits === '' || digits.length > length)
      refuse('invalid', `must be at most ${length} hexadecimal digits, such as 0x8000`)
    return digits.toLowerCase().padStart(length, '0')
  })
}
