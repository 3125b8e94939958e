import { z } from 'zod'
import { namedQuery } from '../named-query.ts'

/** [slot, id, fixed state, held, told, reference_ppm]; a slot of SLOT_UNTOLD was not told. */
export type PlacedDevice = readonly [number, string, number, number, number, number]
export const SLOT_UNTOLD = 1_000_000

const areNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every(Number.isInteger)
const areTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'string')
// By hand: a schema that copies what it read would take longer than the statement (queries/fleet-sums.ts).
const Integers = z.custom<readonly number[]>(areNumbers)
const Ids = z.custom<readonly string[]>(areTexts)
const Placed = z.custom<readonly PlacedDevice[]>(
  (value) =>
    Array.isArray(value) &&
    value.every(
      (one: unknown) =>
        Array.isArray(one) &&
        one.length === 6 &&
        one.every((part, at) => (at === 1 ? typeof part === 'string' : Number.isInteger(part))),
    ),
)

/** The devices of every node that the ledger counts now. */
export const wallPlaces = namedQuery({
  file: new URL('wall-places.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int() }),
  row: z.strictObject({
    cluster: z.string(),
    hall: z.string(),
    rack: z.string(),
    node: z.string(),
    vendor: z.string(),
    model: z.string(),
    pool: z.string(),
    devices: Placed,
  }),
})
export type PlaceRow = Awaited<ReturnType<typeof wallPlaces.run>>[number]

/** Lists with a place per device; -1 = no value. */
const Lists = {
  ids: Ids,
  /** Thousandths. */
  busy: Integers,
  active: Integers,
  effective: Integers,
  /** Tenths of a degree from -100 °C on, as the device tells it. */
  margin: Integers,
  heat_tenths: Integers,
  watts: Integers,
}

/** What devices said last. */
export const wallNow = namedQuery({
  file: new URL('wall-now.sql', import.meta.url),
  params: z.strictObject({ now_ms: z.int() }),
  row: z.strictObject({
    ...Lists,
    /** Of the newest sample, seconds. */
    age: Integers,
    cap_watts: Integers,
    is_cut: Integers,
  }),
})
export type NowRow = Awaited<ReturnType<typeof wallNow.run>>[number]

/** One settled minute. */
export const wallMinute = namedQuery({
  file: new URL('wall-minute.sql', import.meta.url),
  params: z.strictObject({ bucket_s: z.int() }),
  row: z.strictObject({
    ...Lists,
    /** Places in LEDGER_STATES. */
    state: Integers,
    /** Thousandths of the minute's base time. */
    coverage: Integers,
  }),
})
export type MinuteRow = Awaited<ReturnType<typeof wallMinute.run>>[number]
