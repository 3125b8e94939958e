import { z } from 'zod'
import { JOURNAL_ROWS_MAX, Owner } from '#schemas/journal.ts'
import { Problems, type ProblemReport } from './problems.ts'
import { readYaml } from './yaml-document.ts'

const OwnersFile = z.strictObject({
  owners: z
    .array(Owner.extend({ display_name: Owner.shape.display_name.optional() }))
    .max(JOURNAL_ROWS_MAX),
})

/** What a file of owners says. */
export interface OwnersFile {
  readonly owners: readonly Owner[]
  readonly problems: ProblemReport
}

/**
 * Reads `owners.yaml` (docs/attribution.md). The document is whole: it replaces the one before. A tenant that stands
 * in it twice is refused the second time; a pattern that two tenants claim is noted, because the first one counts.
 * Throws E_IMPORT_INVALID with file and line.
 */
export function readOwners(text: string, file: string): OwnersFile {
  const { data, where } = readYaml(text, OwnersFile, file)
  const problems = new Problems()
  const tenants = new Set<string>()
  const claimed = new Map<string, string>()
  const owners: Owner[] = []
  for (const [at, owner] of data.owners.entries()) {
    const line = where('owners', at)
    if (tenants.has(owner.tenant)) {
      problems.refuse(line, `tenant ${owner.tenant} stands here twice; make one entry of the two`)
      continue
    }
    tenants.add(owner.tenant)
    owners.push({ ...owner, display_name: owner.display_name ?? owner.tenant })
    for (const field of ['accounts', 'namespaces', 'queues'] as const)
      for (const pattern of owner[field]) {
        const key = `${field} ${pattern}`
        const first = claimed.get(key)
        if (first === undefined) claimed.set(key, owner.tenant)
        else if (first !== owner.tenant)
          problems.note(
            line,
            `${field}: ${pattern} is ${first}'s already, who comes first; it stays so`,
          )
      }
  }
  return { owners, problems: problems.report() }
}
