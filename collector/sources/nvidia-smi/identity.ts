import { slotKey } from '../../vendors/nvidia-identity.ts'

/** Keys of a board, strongest first. */
export function boardKeys(
  uuid: string | null,
  bus: string | null,
  index: number | null,
): readonly [string, ...string[]] {
  if (uuid === null) return [slotKey(bus, index)]
  return bus === null ? [`uuid:${uuid}`] : [`uuid:${uuid}`, slotKey(bus, index)]
}

/** A serial number worth keeping: masked ones are all zeros or a word. */
export function trustedSerial(text: string): boolean {
  return /\d/.test(text) && !/^0+$/.test(text)
}
