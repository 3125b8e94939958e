import { type Interpretation, unread } from '#schemas/reading.ts'
import { NO_READINGS, NOT_JSON, NOT_REDFISH, SOURCE_NAME } from './faults.ts'
import { isJson } from './json.ts'
import { parseAnswer } from './parse.ts'

/** What one answer may have, bytes: an expanded collection of outlets has some 200 kB. */
export const ANSWER_BYTES = 4 << 20

const utf8 = new TextDecoder()

/** The JSON of an answer, or undefined. */
export function jsonOf(bytes: Uint8Array): unknown {
  if (bytes.length === 0 || bytes.length > ANSWER_BYTES) return undefined
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes))
    return value
  } catch {
    return undefined
  }
}

/** How surely these bytes are a Redfish resource. */
export function recognize(bytes: Uint8Array): number {
  const text = new TextDecoder().decode(bytes.subarray(0, 65_536))
  if (!/^\s*[{[]/.test(text)) return 0
  if (/"@odata\.(id|type|context)"\s*:\s*"(#|\/redfish\/v1)/.test(text)) return 1
  return /"(ReadingType|DataSourceUri)"\s*:/.test(text) ? 0.6 : 0
}

/** What we read in a captured resource, collection, or list of resources. */
export function interpretBytes(bytes: Uint8Array): Interpretation {
  const answer = jsonOf(bytes)
  if (answer === undefined) return unread(SOURCE_NAME, NOT_JSON)
  const { meters, refusals, ignored, types } = parseAnswer(answer)
  const notes = {
    rejected: refusals.examples(),
    rejectedByReason: refusals.byReason(),
    ignored: [...ignored],
  }
  if (meters.length > 0)
    return {
      ...unread(SOURCE_NAME, OK),
      ...notes,
      outcome: 'ok',
      reason: null,
      detail: null,
      meters,
    }
  const isKnown = types.some((type) => type !== '') || isReadingOnly(answer)
  return { ...unread(SOURCE_NAME, isKnown ? NO_READINGS(types) : NOT_REDFISH), ...notes }
}

const OK = { reason: 'ok', detail: 'ok' } as const

const isReadingOnly = (answer: unknown) =>
  isJson(answer) && ('Reading' in answer || 'ReadingType' in answer || 'Thresholds' in answer)
