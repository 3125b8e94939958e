const UUID = /^(?:GPU-)?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i
const MIG_UUID = /^MIG-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const OLD_MIG_UUID = /^MIG-GPU-[0-9a-f-]{36}\/(\d{1,3})\/(\d{1,3})$/i
const BUS = /^([0-9a-f]{4,8}):([0-9a-f]{2}):([0-9a-f]{2})(?:\.([0-7]))?$/i

/** All digits equal is a mask of whoever published the output, not an identity. */
const isMask = (digits: string) => /^(.)\1*$/.test(digits.replaceAll('-', ''))

/** A GPU's UUID in one spelling; null for placeholders. */
export function trustedUuid(text: string | null): string | null {
  const digits = UUID.exec(text ?? '')?.[1]?.toLowerCase()
  return digits === undefined || isMask(digits) ? null : `GPU-${digits}`
}

/** The UUID of a MIG device; null for placeholders. */
export function trustedMigUuid(text: string): string | null {
  if (OLD_MIG_UUID.test(text)) return text
  return MIG_UUID.test(text) && !isMask(text.slice('MIG-'.length))
    ? text.toLowerCase().replace('mig-', 'MIG-')
    : null
}

/** GPU and compute instance ids that drivers before 470 wrote into the UUID. */
export function instanceOfUuid(text: string): { readonly gi: string; readonly ci: string } | null {
  const match = OLD_MIG_UUID.exec(text)
  return match === null ? null : { gi: match[1] ?? '', ci: match[2] ?? '' }
}

/** One spelling for PCI addresses: 4-digit domain where it fits, lower case, with function. Null for others. */
export function normalBus(text: string | null): string | null {
  const match = BUS.exec(text ?? '')
  if (match === null) return null
  const [, domain = '', bus = '', device = '', fn = '0'] = match
  const short = domain.replace(/^0+(?=[0-9a-f]{4}$)/i, '')
  return `${short}:${bus}:${device}.${fn}`.toLowerCase()
}

/** `slot:<bus>/<index>`, `-` for what the output does not tell; the runner puts the node in front. */
export function slotKey(bus: string | null, index: number | null): string {
  return `slot:${bus ?? '-'}/${index ?? '-'}`
}

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
