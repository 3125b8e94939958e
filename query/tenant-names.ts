import type { TenantNames } from '#schemas/api.ts'
import type { Owner } from '#schemas/journal.ts'

/** The owners in force, as the journal has them. */
export type OwnersSource = () => Promise<{ readonly owners: readonly Owner[] }>

/**
 * How tenants are written for people; one that no owners file names is its own name, and so are all while the journal
 * was never read. Never rejects: a name is no reason to refuse a figure.
 */
export async function tenantNames(
  documents: OwnersSource | undefined,
): Promise<(tenant: string) => string> {
  const owners = await (documents?.() ?? Promise.resolve({ owners: [] })).then(
    (said) => said.owners,
    () => [],
  )
  const names = new Map(owners.map(({ tenant, display_name }) => [tenant, display_name]))
  return (tenant) => names.get(tenant) || tenant
}

/** Names of the tenants that are written otherwise than their ids, by id. */
export async function namesOf(
  documents: OwnersSource | undefined,
  tenants: Iterable<string>,
): Promise<TenantNames> {
  const ids = [...new Set(tenants)].filter((tenant) => tenant !== '')
  if (ids.length === 0) return { tenant: {} }
  const nameOf = await tenantNames(documents)
  const named = ids.map((id) => [id, nameOf(id)] as const).filter(([id, name]) => name !== id)
  return { tenant: Object.fromEntries(named) }
}

/**
 * A grouped answer with the names of its tenants, where it is grouped by them: keys stay ids, which never change.
 */
export async function withNames<
  Answer extends { readonly groups: readonly { readonly key: Readonly<Record<string, string>> }[] },
>(
  documents: OwnersSource | undefined,
  answer: Answer,
): Promise<Answer & { readonly names?: TenantNames }> {
  const isByTenant = answer.groups.some(({ key }) => 'tenant' in key)
  if (!isByTenant) return answer
  const tenants = answer.groups.map(({ key }) => key['tenant'] ?? '')
  return { ...answer, names: await namesOf(documents, tenants) }
}
