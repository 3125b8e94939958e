import type { AnnotationsAnswer } from '#schemas/annotation.ts'
import type { Mark } from '#lib/chart/marks.ts'
import { locale } from '#lib/state/locale.svelte.ts'
import { Resource } from '#lib/state/resource.svelte.ts'
import { session } from '#lib/state/session.svelte.ts'
import { markOf } from './note-text.ts'

/** Notes of the page that is shown: loaded once by it (Notes.svelte), drawn by every chart on it. */
class PageNotes {
  readonly answer = new Resource<AnnotationsAnswer>()
  marks = $derived<readonly Mark[]>(
    (this.answer.value?.annotations ?? []).map((note) =>
      markOf(note, { lang: locale.lang, zone: session.zone, m: locale.m.notes }),
    ),
  )
}

export const pageNotes = new PageNotes()
