import { PlimsollError } from '#schemas/errors.ts'
import type { Owner } from '#schemas/journal.ts'
import type { Billing } from '#schemas/billing.ts'
import { ownerMatcher } from '#schemas/owner-match.ts'
import type { Dimension } from '../filters.ts'

/** What has to be known of a cell to price it and to say who pays as far as the holder's source does. */
export const PRICED_FIELDS = ['model', 'pool', 'billing'] as const

/** The statements' places for fields of a group. */
const FIELDS_MAX = 7

/** Fields that a loss is read apart by: what decides the price and, where owners are known, who pays. */
export function payingFields(
  owners: readonly Owner[],
  groupBy: readonly Dimension[],
): readonly Dimension[] {
  if (owners.length === 0) return PRICED_FIELDS
  const fields: readonly Dimension[] = [...PRICED_FIELDS, 'tenant']
  if (new Set([...groupBy, ...fields]).size <= FIELDS_MAX) return fields
  throw new PlimsollError(
    'E_FILTER_INVALID',
    'losses are grouped by at most three fields besides model, pool, billing and tenant',
  )
}

/** What the owners in force say of the hours of a tenant; a label may have named a namespace or an account instead. */
export function tenantBilling(owners: readonly Owner[]): (tenant: string) => Billing {
  const match = ownerMatcher(owners)
  const known = new Map(owners.map(({ tenant, billing }) => [tenant, billing]))
  return (tenant) => {
    const found =
      known.get(tenant) ??
      match({ tenant: '', account: tenant, namespace: tenant, queue: tenant }).billing
    known.set(tenant, found)
    return found
  }
}

/** Who pays for the held time of a cell, of its fields. */
export type BillingOf = (fields: Readonly<Record<string, string>>) => string | undefined

/** What the holder's source says, else what the owners do: a label tells a namespace and no price. */
export function billingOf(owners: readonly Owner[]): BillingOf {
  const ofTenant = tenantBilling(owners)
  return ({ billing, tenant = '' }) =>
    billing === 'unknown' && tenant !== '' ? ofTenant(tenant) : billing
}
