import { PlimsollError } from '#schemas/errors.ts'
import { FILTER_LIMITS } from './filters.ts'
import type { TargetFilterParams } from './queries/collection.ts'

/** What targets can be filtered by, and the parameter that holds its values. */
const FIELDS = {
  cluster: 'clusters',
  collector: 'collectors',
  source: 'sources',
  node: 'nodes',
  outcome: 'outcomes',
} as const satisfies Record<string, keyof TargetFilterParams>
const OUTCOMES = ['ok', 'absent', 'failed', 'stale']
/** What targets can be grouped by. */
export const TARGET_GROUPS = ['cluster', 'collector', 'source', 'node'] as const
export type TargetGroup = (typeof TARGET_GROUPS)[number]
const GROUPS_MAX = 2

type Field = keyof typeof FIELDS
const isField = (name: string): name is Field => name in FIELDS

/**
 * Reads repeatable `field:eq:value` and `field:in:a,b` of targets; all must hold. Throws E_FILTER_INVALID for
 * another field or operator, a field named twice, and too many or too long values.
 */
export function parseTargetFilters(texts: readonly string[], q: string): TargetFilterParams {
  const params = {
    clusters: [] as string[],
    collectors: [] as string[],
    sources: [] as string[],
    nodes: [] as string[],
    outcomes: [] as string[],
    q,
  }
  for (const text of texts) {
    const [name = '', operator = '', ...rest] = text.split(':')
    if (!isField(name))
      throw refusal(
        `cannot filter targets by ${quote(name)}; fields: ${Object.keys(FIELDS).join(', ')}`,
      )
    if ((operator !== 'eq' && operator !== 'in') || rest.length === 0)
      throw refusal(`write ${name}:eq:value or ${name}:in:a,b: ${quote(text)}`)
    const values = operator === 'in' ? rest.join(':').split(',') : [rest.join(':')]
    checkValues(name, values)
    if (params[FIELDS[name]].length > 0)
      throw refusal(`${name} has two filters; write ${name}:in:a,b for either`)
    params[FIELDS[name]].push(...values)
  }
  return params
}

function checkValues(name: Field, values: readonly string[]): void {
  if (values.length > FILTER_LIMITS.valuesPerFilter)
    throw refusal(`at most ${FILTER_LIMITS.valuesPerFilter} values in one filter`)
  if (values.some((value) => value.length > FILTER_LIMITS.valueLength))
    throw refusal(`the value of the ${name} filter is too long`)
  const unknown = values.find((value) => name === 'outcome' && !OUTCOMES.includes(value))
  if (unknown !== undefined)
    throw refusal(`an outcome is one of ${OUTCOMES.join(', ')}, not ${quote(unknown)}`)
}

/** Reads `group_by=source,node`; absent = no groups. Throws E_FILTER_INVALID. */
export function parseTargetGroups(text: string | undefined): readonly TargetGroup[] {
  if (text === undefined || text === '') return []
  const fields = text.split(',').map((name) => {
    const field = TARGET_GROUPS.find((known) => known === name)
    if (field !== undefined) return field
    throw refusal(`cannot group targets by ${quote(name)}; fields: ${TARGET_GROUPS.join(', ')}`)
  })
  if (new Set(fields).size !== fields.length) throw refusal('group_by names a field twice')
  if (fields.length > GROUPS_MAX) throw refusal(`group targets by at most ${GROUPS_MAX} fields`)
  return fields
}

const quote = (text: string) => JSON.stringify(text.slice(0, 60))
const refusal = (message: string) => new PlimsollError('E_FILTER_INVALID', message)
