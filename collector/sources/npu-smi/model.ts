/** What besides the printed name tells one generation from another. */
export interface ModelEvidence {
  /** The row prints a Phy-ID: only A3 (910C) and later multi-die products do. */
  readonly hasPhyId: boolean
  readonly toolVersion: string | null
  /** MiB of DDR beside the HBM: filled on the 910 of the first generation, 0 on 910B1 and later. */
  readonly ddrTotalMb: number | null
}

/**
 * The readable model of a printed chip name. `Ascend910` with a Phy-ID is a 910C die; a bare `910B` of
 * the 21.x and 22.x tools, or with DDR, is the first generation and not an A2 910B. Masked names
 * (`xxx`) become plain `Ascend`; unknown names are kept.
 */
export function canonicalModel(printed: string, evidence: ModelEvidence): string {
  const name = printed.trim().replace(/^ascend[\s_-]*/i, '')
  if (name === '' || /^[x*]+$/i.test(name)) return 'Ascend'
  if (name.startsWith('910_93') || (name === '910' && evidence.hasPhyId)) return 'Ascend 910C'
  if (name === '910B' && isFirstGeneration(evidence)) return 'Ascend 910B (gen 1)'
  return `Ascend ${name}`
}

function isFirstGeneration(evidence: ModelEvidence): boolean {
  return (evidence.ddrTotalMb ?? 0) > 0 || /^2[12]\./.test(evidence.toolVersion ?? '')
}

/** True for the printed name of a 310P: cards of one or two chips whose power is the card's. */
export function is310P(printed: string): boolean {
  return /^(?:Ascend\s*)?310P/i.test(printed)
}
