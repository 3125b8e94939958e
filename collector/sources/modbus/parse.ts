import { z } from 'zod'
import type { ModbusRange } from '../../field-io.ts'
import { type RegisterMap, RegisterMapFile } from './register-map.ts'

const CAPTURE_BYTES = 4 << 20
const RUNS_MAX = 2000

const Run = z.strictObject({
  unit: z.int().min(0).max(255).optional(),
  function: z.literal([1, 2, 3, 4]),
  address: z.int().min(0).max(65_535),
  values: z.array(z.int().min(0).max(65_535)).min(1).max(2000),
})

const Capture = z.strictObject({
  /** Name of a map that comes with the source, or a whole map. */
  map: z.union([z.string().max(64), z.record(z.string(), z.unknown())]),
  unit_id: z.int().min(0).max(255).optional(),
  registers: z.array(Run).max(RUNS_MAX),
})

/** Registers as they were read, with the map that says what they mean. */
export interface RegisterCapture {
  readonly map: RegisterMap
  readonly unitId: number
  readonly runs: readonly { readonly range: ModbusRange; readonly values: readonly number[] }[]
}

/** The capture in a text, or what is wrong with it: one sentence. Pure; never throws. */
export function parseCapture(
  bytes: Uint8Array,
  builtIn: readonly RegisterMap[],
): RegisterCapture | string {
  if (bytes.length === 0) return 'the text is empty'
  if (bytes.length > CAPTURE_BYTES) return `${bytes.length} bytes; limit ${CAPTURE_BYTES}`
  const json = jsonOf(bytes)
  if (json === undefined) return 'this is no JSON'
  const capture = Capture.safeParse(json)
  if (!capture.success) return sentence(capture.error, '')
  const map = mapOf(capture.data.map, builtIn)
  if (typeof map === 'string') return map
  const unitId = capture.data.unit_id ?? map.unitId
  const runs = capture.data.registers.map(({ unit = unitId, values, address, ...run }) => ({
    range: { unit, function: run.function, address, count: values.length },
    values,
  }))
  return { map, unitId, runs }
}

/** Whether bytes look like a capture, however damaged it is. */
export function looksLikeCapture(bytes: Uint8Array): boolean {
  const text = new TextDecoder().decode(bytes.subarray(0, CAPTURE_BYTES))
  return /^\s*\{/.test(text) && /"registers"\s*:/.test(text) && /"map"\s*:/.test(text)
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return value
  } catch {
    return undefined
  }
}

function mapOf(given: unknown, builtIn: readonly RegisterMap[]): RegisterMap | string {
  if (typeof given === 'string') {
    const names = builtIn.map(({ name }) => name)
    const found = builtIn.find(({ name }) => name === given)
    return found ?? `there is no map "${given}"; known: ${names.join(', ')}, or write it out`
  }
  const parsed = RegisterMapFile.safeParse(given)
  return parsed.success ? parsed.data : sentence(parsed.error, 'map.')
}

function sentence(error: z.ZodError, prefix: string): string {
  const [issue] = error.issues
  const where = issue?.path.map((step) => String(step).slice(0, 40)).join('.') ?? ''
  const what = issue?.message.replaceAll(/\p{Cc}/gu, ' ').slice(0, 160) ?? ''
  return `${prefix}${where}: ${what}`
}
