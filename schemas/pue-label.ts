import { z } from 'zod'

/**
 * How a ratio of energies may be called (ISO/IEC 30134-2): `PUE` is 12 months of a whole site and nothing else, shorter
 * is `iPUE`; of a part of it `pPUE`, and shorter than 12 months `pPUE, interim`.
 */
export const PUE_LABELS = ['PUE', 'iPUE', 'pPUE', 'pPUE, interim'] as const
export const PueLabel = z.enum(PUE_LABELS)
export type PueLabel = z.infer<typeof PueLabel>
