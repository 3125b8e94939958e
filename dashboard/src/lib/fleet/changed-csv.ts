import type { ExplainContributor, ExplainPart } from '#schemas/api-explain.ts'
import type { Sheet } from '#lib/csv.ts'

interface Causes {
  readonly causes: readonly (Pick<ExplainPart, 'cause' | 'change_ppm'> & {
    readonly contributors: readonly Pick<
      ExplainContributor,
      'kind' | 'name' | 'tenant' | 'change_ppm'
    >[]
  })[]
  readonly residual_ppm: number
}

/**
 * Why utilization moved, as it is saved: each cause with its change in millionths of capacity, below it who is behind it. The
 * column of causes sums to the change.
 */
export const changedSheet = ({ causes, residual_ppm }: Causes): Sheet => ({
  header: ['cause', 'change_ppm', 'kind', 'name', 'tenant', 'own_change_ppm'],
  rows: [
    ...causes.flatMap((part) => [
      [part.cause, part.change_ppm, null, null, null, null],
      ...part.contributors.map((who) => [
        part.cause,
        null,
        who.kind,
        who.name,
        who.tenant,
        who.change_ppm,
      ]),
    ]),
    ['residual', residual_ppm, null, null, null, null],
  ],
})
