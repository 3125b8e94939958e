import type { Rejections } from '../../formats/rejections.ts'
import { child, isJson, type Json, word } from './json.ts'

/** Why a value was refused. */
export type Refusal =
  | 'no_value'
  | 'sentinel'
  | 'out_of_range'
  | 'unit'
  | 'off'
  | 'unknown_state'
  | 'no_meaning'
  | 'too_many'
  | 'limits_crossed'
export type Refusals = Rejections<Refusal>

/** Beyond this a number stands for "unknown": devices print the largest double there is. */
const UNKNOWN = 1e300

/**
 * The number in a property: plain, or an excerpt with a `Reading`. Null, missing, -1, and what lies outside the range the
 * device itself gives are absent, never 0. A refusal names the property, and the point where one is given.
 */
export function numberIn(
  value: unknown,
  name: string,
  refusals: Refusals,
  point?: string,
): number | null {
  if (value === undefined) return null
  if (typeof value === 'number' && value !== -1 && Math.abs(value) <= UNKNOWN) return value
  const excerpt: Json = isJson(value) ? value : { Reading: value }
  if (!('Reading' in excerpt)) return null
  const { Reading: reading } = excerpt
  if (typeof reading !== 'number' || !Number.isFinite(reading) || Math.abs(reading) > UNKNOWN) {
    refusals.add(called(name, point), 'no_value')
    return null
  }
  if (reading === -1) {
    refusals.add(`${called(name, point)} -1`, 'sentinel')
    return null
  }
  if (isInRange(reading, excerpt)) return reading
  refusals.add(`${called(name, point)} ${reading}`, 'out_of_range')
  return null
}

const called = (name: string, point?: string) => (point === undefined ? name : `${point} ${name}`)

/** Whether a reading lies in the range its sensor gives; a range that is none says nothing. */
function isInRange(reading: number, { ReadingRangeMin: min, ReadingRangeMax: max }: Json): boolean {
  if (typeof min !== 'number' || typeof max !== 'number' || min >= max) return true
  return reading >= min && reading <= max
}

/** States in which a part is not there or says nothing; its Health may still be OK, so State is judged first. */
const OFF = new Set(['Absent', 'Disabled', 'UnavailableOffline', 'StandbyOffline'])

/** `Enabled`, `Absent`…; empty when the device does not say. */
export const stateOf = (resource: Json): string => word(child(resource, 'Status'), 'State')

/** Whether readings of this resource mean nothing now. */
export const isOff = (resource: Json): boolean => OFF.has(stateOf(resource))

/** A time of the device, epoch ms; null when it gives none that can be read. */
export function timeIn(resource: Json, name: string): number | null {
  const text = word(resource, name)
  const ms = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN
  // A clock that was never set prints year 1 or 0.
  return Number.isFinite(ms) && ms > 0 ? ms : null
}
