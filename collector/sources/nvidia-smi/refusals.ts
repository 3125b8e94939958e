import type { RejectedLine } from '#schemas/reading.ts'
import { createRejections } from '../../formats/rejections.ts'
import type { TextRefusal } from '../../formats/text-lines.ts'
import type { NoValue } from './values.ts'

/** Why a line, a value or a device was refused: a fixed list, so the counters stay few. */
export type RefusalReason =
  | TextRefusal
  | NoValue
  | 'out_of_range'
  | 'column_count'
  | 'duplicate_column'
  | 'cut_output'
  | 'cut_line'
  | 'gpu_blocks_missing'
  | 'too_many_gpus'
  | 'too_many_fields'
  | 'too_many_mig_devices'
  | 'too_many_processes'
  | 'too_many_elements'
  | 'too_deep'
  | 'not_xml'
  | 'mismatched_tag'
  | 'unrecognised_line'
  | 'mig_device_without_id'
  | 'uuid_not_unique'

/** What a driver says about fields that a board simply does not have: counted, but poor examples. */
const ORDINARY: ReadonlySet<RefusalReason> = new Set<RefusalReason>([
  'not_available',
  'not_supported',
  'deprecated',
])

export interface Refusals {
  add(line: string, reason: RefusalReason): void
  examples(): readonly RejectedLine[]
  byReason(): Readonly<Record<string, number>>
}

const EXAMPLES = 8

/** Counts all refusals; examples of real trouble come before the dozens of N/A of every healthy board. */
export function createRefusals(): Refusals {
  const trouble = createRejections<RefusalReason>()
  const ordinary = createRejections<RefusalReason>()
  return {
    add: (line, reason) => (ORDINARY.has(reason) ? ordinary : trouble).add(line, reason),
    examples: () => [...trouble.examples(), ...ordinary.examples()].slice(0, EXAMPLES),
    byReason: () => ({ ...ordinary.byReason(), ...trouble.byReason() }),
  }
}
