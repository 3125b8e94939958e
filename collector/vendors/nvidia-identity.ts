/**
 * Names of NVIDIA devices, written in one way: the tools print the same board in different spellings, and only
 * equal keys make what they say one device.
 */

/** A GPU's UUID as NVML prints it; `GPU-` may be missing. */
const UUID = /^(?:GPU-)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i
const MIG_UUID = /^MIG-([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i
const OLD_MIG_UUID = /^MIG-GPU-[0-9a-f-]{36}\/(\d{1,3})\/(\d{1,3})$/i
const BUS = /^(?:([0-9a-f]{4,8}):)?([0-9a-f]{2}):([0-9a-f]{2})(?:\.([0-7]))?$/i

/** All digits equal is a mask of whoever published the output, not an identity. */
const isMask = (digits: string) => /^(.)\1*$/.test(digits.replaceAll('-', ''))

/** A GPU's UUID in one spelling; null for placeholders. */
export function trustedUuid(text: string | null | undefined): string | null {
  const digits = UUID.exec(text ?? '')?.[1]?.toLowerCase()
  return digits === undefined || isMask(digits) ? null : `GPU-${digits}`
}

/** The UUID of a MIG device; null for placeholders. */
export function trustedMigUuid(text: string): string | null {
  if (OLD_MIG_UUID.test(text)) return text
  const digits = MIG_UUID.exec(text)?.[1]?.toLowerCase()
  return digits === undefined || isMask(digits) ? null : `MIG-${digits}`
}

/** GPU and compute instance ids that drivers before 470 wrote into the UUID. */
export function instanceOfUuid(text: string): { readonly gi: string; readonly ci: string } | null {
  const match = OLD_MIG_UUID.exec(text)
  return match === null ? null : { gi: match[1] ?? '', ci: match[2] ?? '' }
}

/**
 * One spelling for PCI addresses: 4-digit domain where it fits, lower case, with function. Tools print 4 or 8
 * digits, in either case, and kernel lines leave the function out. Null for anything else.
 */
export function normalBus(text: string | null | undefined): string | null {
  const match = BUS.exec(text ?? '')
  if (match === null) return null
  const [, domain = '0000', bus = '', device = '', fn = '0'] = match
  const short = domain.replace(/^0+(?=[0-9a-f]{4}$)/i, '')
  return `${short}:${bus}:${device}.${fn}`.toLowerCase()
}

/** `slot:<bus>/<index>`, `-` for what the output does not tell; the runner puts the node in front. */
export function slotKey(bus: string | null, index: number | null): string {
  return `slot:${bus ?? '-'}/${index ?? '-'}`
}

/** Key of a MIG GPU instance (or, with a longer id, of a part of it) on the board with this key. */
export function instanceKey(boardKey: string, instance: string | number): string {
  return `${boardKey}/gi${instance}`
}
