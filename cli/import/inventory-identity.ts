import { canonicalVdie } from '../../collector/sources/npu-smi/devices.ts'
import { normalBus, trustedUuid } from '../../collector/vendors/nvidia-identity.ts'
import type { InventoryRow } from './inventory-columns.ts'

/** The names by which a row tells which device it means; empty = not told. */
export interface RowIdentity {
  /** The strongest key, as batches name devices; empty = by its place in the node. */
  readonly key: string
  /** Every key of the row, to find the same device in two rows. */
  readonly keys: readonly string[]
  readonly node: string
  readonly index: number | null
  readonly bus: string
}

/** More devices in one node than any machine holds. */
export const INDEX_MAX = 1023

/** Kinds of keys that may be written; slots are written as node with index or bus. */
const KEY = /^(uuid|vdie|serial):(.+)$/

/** Reads who a row is about; a text says why it cannot be told. */
export function identityOf({ cells }: InventoryRow): RowIdentity | string {
  const { key = '', uuid = '', serial = '', node = '', index = '', bus = '' } = cells
  const written = key === '' ? null : writtenKey(key)
  if (key !== '' && written === null)
    return `key ${JSON.stringify(key)} is none; write uuid:…, vdie:… or serial:…, or node with index or bus`
  const unique = uuid === '' ? null : uuidKey(uuid)
  if (unique === 'masked')
    return `uuid ${JSON.stringify(uuid)} is a placeholder, not an identity; give the real one`
  const numbered = serial === '' ? null : `serial:${serial.replace(/^serial:/, '')}`
  const keys = [written, unique, numbered].filter((value) => value !== null)
  const [first = ''] = keys
  const other = keys.find((value) => value !== first && kindOf(value) === kindOf(first))
  if (other !== undefined) return `key says ${first}, another column ${other}; correct one of them`
  if (index !== '' && (!/^\d{1,4}$/.test(index) || Number(index) > INDEX_MAX))
    return `index ${JSON.stringify(index)} is no number from 0 to ${INDEX_MAX}`
  return {
    key: first,
    keys,
    node,
    index: index === '' ? null : Number(index),
    bus: busOf(bus),
  }
}

/** True where the row says which device; otherwise it can only be about a node. */
export const namesDevice = ({ key, node, index, bus }: RowIdentity): boolean =>
  key !== '' || (node !== '' && (index !== null || bus !== ''))

const kindOf = (key: string) => key.slice(0, key.indexOf(':'))

function writtenKey(text: string): string | null {
  const [, kind, value = ''] = KEY.exec(text) ?? []
  if (kind === undefined) return null
  if (kind === 'serial') return text
  if (kind === 'vdie') return `vdie:${canonicalVdie(value) ?? value}`
  const key = uuidKey(value)
  return key === 'masked' ? null : key
}

/** Addresses with the long domain of NVML, or without one, are shortened; others keep the case their tool prints. */
const busOf = (text: string) => (/^[0-9a-f]{4}:/i.test(text) ? text : (normalBus(text) ?? text))

/** NVIDIA's are written in the one way its tools are read in; those of other vendors stay as they are. */
function uuidKey(text: string): string {
  const value = text.replace(/^uuid:/, '')
  const trusted = trustedUuid(value)
  if (trusted !== null) return `uuid:${trusted}`
  const digits = value.replace(/^[A-Za-z]{1,4}-/, '').replaceAll('-', '')
  return /^(.)\1{7,}$/.test(digits) ? 'masked' : `uuid:${value}`
}
