import type { Billing } from './billing.ts'
import type { Owner } from './journal.ts'

/** What a scheduler or telemetry says of who holds a device; empty = not told. */
export interface HolderNames {
  readonly tenant: string
  readonly account: string
  readonly namespace: string
  readonly queue: string
}

/** Whose a device is while it is held; tenant '' = nobody knows. */
export interface Tenancy {
  readonly tenant: string
  readonly billing: Billing
}

const FIELDS = [
  ['account', 'accounts'],
  ['namespace', 'namespaces'],
  ['queue', 'queues'],
] as const

const NOBODY: Tenancy = { tenant: '', billing: 'unknown' }

/**
 * Prepares the owners in force. The answer is the tenant that is named, else the owner of the account, else of the
 * namespace, else of the queue. A name written out beats a pattern; of several patterns the first in the document.
 */
export function ownerMatcher(owners: readonly Owner[]): (holder: HolderNames) => Tenancy {
  const tenancy = ({ tenant, billing }: Owner): Tenancy => ({ tenant, billing })
  const named = new Map(owners.map((owner) => [owner.tenant, tenancy(owner)]))
  const fields = FIELDS.map(([field, list]) => {
    const exact = new Map<string, Tenancy>()
    const patterns: (readonly [pattern: string, of: Tenancy])[] = []
    for (const owner of owners)
      for (const pattern of owner[list]) {
        if (/[*?]/.test(pattern)) patterns.push([pattern, tenancy(owner)])
        else if (!exact.has(pattern)) exact.set(pattern, tenancy(owner))
      }
    return { field, exact, patterns }
  })
  return (holder) => {
    if (holder.tenant !== '')
      return named.get(holder.tenant) ?? { tenant: holder.tenant, billing: 'unknown' }
    for (const { field, exact, patterns } of fields) {
      const name = holder[field]
      if (name === '') continue
      const found = exact.get(name) ?? patterns.find(([pattern]) => fits(pattern, name))?.[1]
      if (found !== undefined) return found
    }
    return NOBODY
  }
}

/** One question to owners; for many ask `ownerMatcher` once. */
export const tenantOf = (owners: readonly Owner[], holder: HolderNames): Tenancy =>
  ownerMatcher(owners)(holder)

/**
 * Whether a name fits a pattern of file names: `*` is any text, `?` one character. Steps at most
 * pattern x name, whatever the pattern: a regular expression could take for ever.
 */
export function fits(pattern: string, name: string): boolean {
  let [p, n] = [0, 0]
  let star = -1
  let resume = 0
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p
      resume = n
      p += 1
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p += 1
      n += 1
    } else if (star === -1) return false
    else {
      // The last star takes one character more.
      p = star + 1
      resume += 1
      n = resume
    }
  }
  while (pattern[p] === '*') p += 1
  return p === pattern.length
}
