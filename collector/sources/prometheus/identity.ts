import type { ExpositionRow } from '../../formats/exposition.ts'
import { LIMITS } from './limits.ts'
import type { DeviceRule } from './mapping.ts'

/** What a row says about who it is of. */
export interface RowIdentity {
  readonly uuid: string | null
  readonly serial: string | null
  readonly bus: string | null
  readonly index: number | null
}

const BUS = /^(?:[0-9a-f]{4,8}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i
/** Shorter ids, and bare numbers, are positions that some exporters call an id. */
const ID = /^(?=.{6,128}$)(?!\d{1,9}$)[\w.:/-]+$/
const MASKED = /x{4,}|\*{2,}|^0[-0]*$/i

/** The first of these labels that says something, cut. */
export function labelOf(
  row: Pick<ExpositionRow, 'labels'>,
  names: readonly string[] | undefined,
): string | null {
  for (const name of names ?? []) {
    const text = row.labels[name]?.trim() ?? ''
    if (text !== '' && !/^(?:n\/?a|none|null|unknown|-)$/i.test(text))
      return text.slice(0, LIMITS.labelChars)
  }
  return null
}

/** Identity of a row under a mapping; a uuid or serial that is a bare number counts as the index. */
export function identityOf(row: ExpositionRow, rule: DeviceRule): RowIdentity {
  const uuid = labelOf(row, rule.uuid)
  const serial = labelOf(row, rule.serial)
  const bus = labelOf(row, rule.bus)
  const positions = [labelOf(row, rule.index), uuid, serial]
  const index = positions.find((text) => text !== null && /^\d{1,4}$/.test(text))
  return {
    uuid: isId(uuid) ? uuid : null,
    serial: isId(serial) ? serial : null,
    bus: bus !== null && BUS.test(bus) ? sameBus(bus) : null,
    index: index === undefined || index === null ? null : Number(index),
  }
}

const isId = (text: string | null) => text !== null && ID.test(text) && !MASKED.test(text)

/** One spelling of PCI addresses: four digits of domain, lower case. */
function sameBus(bus: string): string {
  const lower = bus.toLowerCase()
  return (lower.split(':').length === 2 ? `0000:${lower}` : lower).replace(
    /^0+(?=[0-9a-f]{4}:)/,
    '',
  )
}

/** The names of an identity, strongest first. */
export function namesOf({ uuid, serial, bus, index }: RowIdentity): string[] {
  return [
    ...(uuid === null ? [] : [`uuid:${uuid}`]),
    ...(serial === null ? [] : [`serial:${serial}`]),
    ...(bus === null ? [] : [`slot:${bus}/0`]),
    ...(index === null ? [] : [`slot:index${index}/0`]),
  ]
}
