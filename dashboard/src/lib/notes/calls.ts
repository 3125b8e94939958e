import type { Annotation, AnnotationRequest, AnnotationsAnswer } from '#schemas/annotation.ts'
import { apiUrl, call, type Filter, get, type Window } from '#lib/api.ts'

/** Which notes a page asks for: its window and what it is about. */
export interface NotesQuestion extends Window {
  readonly filters: readonly Filter[]
  readonly device: string | null
}

export const notesOf = (
  { fromMs, toMs, filters, device }: NotesQuestion,
  signal: AbortSignal,
): Promise<AnnotationsAnswer> =>
  get<AnnotationsAnswer>(apiUrl('annotations', { from: fromMs, to: toMs, device }, filters), signal)

export const addNote = (note: Partial<AnnotationRequest>, signal: AbortSignal) =>
  call<Annotation>(apiUrl('annotations'), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(note),
    signal,
  })

export const withdrawNote = (id: string, signal: AbortSignal) =>
  call<Annotation>(apiUrl(`annotations/${encodeURIComponent(id)}`), { method: 'DELETE', signal })
