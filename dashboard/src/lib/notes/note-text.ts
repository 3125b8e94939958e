import { ANNOTATION_SCOPES } from '#schemas/annotation-names.ts'
import type { Annotation } from '#schemas/annotation.ts'
import type { Mark } from '#lib/chart/marks.ts'
import type { Lang } from '#lib/format.ts'
import type { NotesTexts } from '#lib/i18n/en-notes.ts'
import { clock, day } from '#lib/time.ts'

/** Notes as words: on the axis, in the list, and what a person typed as a note. */

interface Words {
  readonly lang: Lang
  readonly zone: string
  readonly m: NotesTexts
}

/** `Sun 22 Nov 14:05`, or `Sun 22 Nov 14:05–16:00`; the day again where it ends on another. */
export function timeText(
  { from_ms, to_ms }: Pick<Annotation, 'from_ms' | 'to_ms'>,
  { lang, zone }: Omit<Words, 'm'>,
): string {
  const begin = `${day(from_ms, lang, zone)} ${clock(from_ms, lang, zone)}`
  if (to_ms === null) return begin
  const isSameDay = day(from_ms, lang, zone) === day(to_ms, lang, zone)
  const end = clock(to_ms, lang, zone)
  return isSameDay ? `${begin}–${end}` : `${begin} – ${day(to_ms, lang, zone)} ${end}`
}

export function markOf(note: Annotation, words: Words): Mark {
  const { m } = words
  return {
    fromMs: note.from_ms,
    toMs: note.to_ms,
    text: m.mark(m.kinds[note.kind], note.title, timeText(note, words), note.by),
  }
}

/** What it is about in words: the narrowest place, and who; the fleet where nothing is said. */
export function aboutText({ scope }: Pick<Annotation, 'scope'>, m: NotesTexts): string {
  const narrowest = (['device', 'node', 'rack', 'hall', 'cluster'] as const).find(
    (field) => scope[field] !== undefined,
  )
  const named = ANNOTATION_SCOPES.filter(
    (field) => field === narrowest || ['pool', 'tenant', 'job'].includes(field),
  ).flatMap((field) => {
    const value = scope[field]
    // A node's pool was added by the server; of a pool alone a person spoke.
    if (value === undefined || (field === 'pool' && narrowest !== undefined)) return []
    return [`${m.scopes[field]} ${value}`]
  })
  return named.length === 0 ? m.fleet : named.join(', ')
}

/** Text of a field for a moment of the site's clock, `2026-05-01T18:00`. */
export function fieldOf(ms: number, zone: string): string {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  }).formatToParts(ms)
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
  return `${part('year').padStart(4, '0')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}`
}

/** The moment (epoch ms) at which the site's clock shows such a text; null for no time. In the hour that is told twice: one of them. */
export function momentOf(text: string, zone: string): number | null {
  const asUtc = Date.parse(`${text}Z`)
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) || !Number.isFinite(asUtc)) return null
  const offsetAt = (ms: number) => Date.parse(`${fieldOf(ms, zone)}Z`) - ms
  const guess = asUtc - offsetAt(asUtc)
  return asUtc - offsetAt(guess)
}
