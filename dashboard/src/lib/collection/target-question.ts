import type { Filter } from '#lib/api.ts'

/** Which targets the collection page shows; lives in the address. */
export interface TargetQuestion {
  readonly source: string
  readonly outcome: string
  readonly q: string
  readonly troubled: boolean
}

export const OUTCOMES = ['ok', 'absent', 'failed', 'stale'] as const

export function readQuestion(params: Pick<URLSearchParams, 'get'>): TargetQuestion {
  return {
    source: params.get('source') ?? '',
    outcome: params.get('outcome') ?? '',
    q: params.get('q') ?? '',
    troubled: params.get('troubled') === 'true',
  }
}

/** The address of a question; a cursor only leads on within the same question. */
export function questionHref(question: TargetQuestion, cursor: string | null = null): string {
  const params = new URLSearchParams()
  const { source, outcome, q, troubled } = question
  for (const [name, value] of Object.entries({ source, outcome, q }))
    if (value !== '') params.set(name, value)
  if (troubled) params.set('troubled', 'true')
  if (cursor !== null) params.set('cursor', cursor)
  const text = params.toString()
  return text === '' ? '/collection' : `/collection?${text}`
}

export function filtersOf({ source, outcome }: TargetQuestion): Filter[] {
  const filter = (field: string, value: string): Filter[] =>
    value === '' ? [] : [{ field, op: 'eq', value }]
  return [...filter('source', source), ...filter('outcome', outcome)]
}
