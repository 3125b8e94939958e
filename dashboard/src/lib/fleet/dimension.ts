/** What the group table groups by, kept in the address as `?by=model`. */
export const DIMENSIONS = ['cluster', 'hall', 'model', 'pool', 'class', 'tenant'] as const
export type Dimension = (typeof DIMENSIONS)[number]

export function readDimension(params: { get(name: string): string | null }): Dimension {
  return DIMENSIONS.find((dimension) => dimension === params.get('by')) ?? 'cluster'
}
