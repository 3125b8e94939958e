import {
  type Annotation,
  Annotation as AnnotationSchema,
  AnnotationRequest,
  AnnotationsAnswer,
  touchesWindow,
} from '#schemas/annotation.ts'

/** TEST ONLY. Notes on the time axis: two at the start, and what a person adds. */

const HOUR_MS = 3_600_000

interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: () => Promise<unknown>
  readonly nowMs: number
}

export interface NotesStub {
  /** Null = another path. */
  answer(asked: Asked): Promise<{ readonly body: unknown } | null>
}

export function notesStub(): NotesStub {
  let notes: readonly Annotation[] | null = null
  return {
    async answer({ method, path, query, body, nowMs }) {
      if (!path.startsWith('annotations')) return null
      const said = (notes ??= begun(nowMs))
      if (method === 'DELETE') {
        const found = said.find(({ id }) => path.endsWith(id))
        notes = said.filter((note) => note !== found)
        return { body: found }
      }
      if (method === 'POST') {
        const asked = AnnotationRequest.parse(await body())
        const id = said.length.toString(16).padStart(16, '0')
        const from_ms = asked.from_ms ?? nowMs
        const note = { ...asked, from_ms, id, by: 'local', at_ms: nowMs }
        notes = [...said, AnnotationSchema.parse(note)]
        return { body: note }
      }
      return { body: listed(said, query, nowMs) }
    },
  }
}

function listed(notes: readonly Annotation[], query: URLSearchParams, nowMs: number) {
  const toMs = Number(query.get('to') ?? nowMs)
  const fromMs = Number(query.get('from') ?? toMs - 24 * HOUR_MS)
  return AnnotationsAnswer.parse({
    from: new Date(fromMs).toISOString(),
    to: new Date(toMs).toISOString(),
    annotations: notes
      .filter((note) => touchesWindow(note, { fromMs, toMs }))
      .toSorted((a, b) => a.from_ms - b.from_ms),
    more: 0,
    simulated: true,
  })
}

function begun(nowMs: number): Annotation[] {
  const shared = { text: '', at_ms: nowMs }
  return [
    {
      ...shared,
      id: 'a'.repeat(16),
      kind: 'maintenance',
      title: '2 号回路更换滤网',
      scope: { hall: 'h2' },
      from_ms: nowMs - 14 * HOUR_MS,
      to_ms: nowMs - 11 * HOUR_MS,
      by: '王磊',
    },
    {
      ...shared,
      id: 'b'.repeat(16),
      kind: 'rollout',
      title: '570.148 → h1-r02',
      text: 'CDU 2/3',
      scope: { rack: 'h1-r02' },
      from_ms: nowMs - 6 * HOUR_MS,
      to_ms: null,
      by: 'lin',
    },
  ]
}
