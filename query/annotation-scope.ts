import type { Annotation, AnnotationScope } from '#schemas/annotation.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import type { FieldPlace, Filters } from './filters.ts'
import { scopePlaces } from './queries/scope-places.ts'

/** What a note is about against what is asked for: it is shown unless the two exclude each other. */

const PLACES_MAX = 256
/** Wider places of a node; a device also has its node. */
const PLACE_FIELDS = ['cluster', 'hall', 'rack', 'pool'] as const

interface ScopeDeps {
  readonly reader: Reader
  readonly clock: Clock
}

/** One field that is asked for and what it must be; all of it holds. */
interface Condition {
  readonly field: FieldPlace | 'device'
  readonly in: readonly string[]
  readonly not: readonly string[]
  readonly prefix: readonly string[]
}

/**
 * A scope with the places that follow from its node or device, as they are now, so that it is found from its rack or
 * cluster. What the node's devices do not agree on stays open, and so does everything of a node that nobody knows.
 */
export async function completeScope(
  { reader, clock }: ScopeDeps,
  scope: AnnotationScope,
): Promise<AnnotationScope> {
  const { node = '', device = '' } = scope
  if (node === '' && device === '') return scope
  const asked = { node: device === '' ? node : '', device }
  const rows = await scopePlaces.run(reader, { ...asked, now_ms: clock(), limit: PLACES_MAX })
  const inCluster = rows.filter(({ cluster }) => cluster === (scope.cluster ?? cluster))
  // Inventory may call the cluster otherwise than its collectors do.
  const here = inCluster.length > 0 ? inCluster : rows
  const fields = device === '' ? PLACE_FIELDS : (['node', ...PLACE_FIELDS] as const)
  const found = fields.flatMap((field) => {
    const values = new Set(here.map((row) => row[field]))
    const [only = ''] = values
    return values.size === 1 && only !== '' ? [[field, only] as const] : []
  })
  return { ...Object.fromEntries(found), ...scope }
}

/** What is asked for: filters, and one device beside them, with the places that follow. */
export async function askedConditions(
  deps: ScopeDeps,
  filters: Filters,
  device: string | undefined,
): Promise<readonly Condition[]> {
  const given = conditionsOf(filters)
  const nodes = given.find(({ field }) => field === 'node')?.in ?? []
  const node = nodes.length === 1 ? nodes[0] : undefined
  const clusters = given.find(({ field }) => field === 'cluster')?.in ?? []
  const scope = await completeScope(deps, {
    ...(node === undefined ? {} : { node }),
    ...(device === undefined ? {} : { device }),
    ...(clusters.length === 1 && clusters[0] !== undefined ? { cluster: clusters[0] } : {}),
  })
  const follows = ([...PLACE_FIELDS, 'node', 'device'] as const).flatMap((field) => {
    const value = scope[field]
    if (value === undefined || given.some((one) => one.field === field)) return []
    return [{ field, in: [value], not: [], prefix: [] }]
  })
  return [...given, ...follows]
}

/** Fields of which a note says nothing, and that notes never have (vendor, model), exclude nothing. */
export function touchesScope({ scope }: Annotation, conditions: readonly Condition[]): boolean {
  const said: Readonly<Record<string, string | undefined>> = scope
  return conditions.every(({ field, in: choice, not, prefix }) => {
    const value = said[field]
    if (value === undefined) return true
    return (
      (choice.length === 0 || choice.includes(value)) &&
      !not.includes(value) &&
      prefix.every((begin) => value.startsWith(begin))
    )
  })
}

const conditionsOf = ({ params: p }: Filters): readonly Condition[] =>
  [
    { field: p.f1, in: p.f1_in, not: p.f1_not, prefix: p.f1_prefix },
    { field: p.f2, in: p.f2_in, not: p.f2_not, prefix: p.f2_prefix },
    { field: p.f3, in: p.f3_in, not: p.f3_not, prefix: p.f3_prefix },
    { field: p.f4, in: p.f4_in, not: p.f4_not, prefix: p.f4_prefix },
    { field: p.f5, in: p.f5_in, not: p.f5_not, prefix: p.f5_prefix },
  ].filter(({ field }) => field !== 'none')
