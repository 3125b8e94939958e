/** Longest id of a measuring point. */
export const METER_ID_MAX = 160

/**
 * Id of a measuring point, unique in its site: the name of the thing, and the part of it behind a slash
 * (`pdu-h1-r01-a`, `pdu-h1-r01-a/outlet/A1`, `cdu-3/secondary`, `cdu-3/leak/2`).
 */
export const METER_ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}(\/[A-Za-z0-9_.:-]{1,31}){0,3}$/

/** The id of a point of a thing, or null when the two do not make one. */
export function meterId(meter: string, point: string): string | null {
  const id = point === '' ? meter : `${meter}/${point}`
  return METER_ID_PATTERN.test(id) ? id : null
}

/** Text of a device as part of an id: what is not allowed becomes `-`. */
export function meterPart(text: string): string {
  return text
    .trim()
    .replaceAll(/[^A-Za-z0-9_.:-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 31)
}
