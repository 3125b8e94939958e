import { wallValue, type WallColumn, type WallHead } from '#schemas/wall.ts'
import { decimal, duration, type Lang, percent, quantity } from '#lib/format.ts'
import { stateOf, type ValueClass } from './classes.ts'
import type { Columns } from './figures.ts'
import { slotOf, type WallPlaces } from './places.ts'
import { TEXTS } from './texts.ts'

/** What a class is called: a state, a range, or that nobody knows. */
export function className(
  { range, state, key }: ValueClass,
  {
    by,
    source,
    lang,
  }: { readonly by: WallColumn; readonly source: WallHead['source']; readonly lang: Lang },
): string {
  const m = TEXTS[lang]
  if (state !== null) return m.states[state]
  if (range === null) return key === 'absent' ? m.absent : m.unknown
  const [from, to] = range
  const edge = (value: number) => edgeText(value, { by, source, lang })
  if (from === null) return m.below(edge(to ?? 0))
  return to === null ? m.from(edge(from)) : m.between(edge(from), edge(to))
}

function edgeText(
  value: number,
  {
    by,
    source,
    lang,
  }: { readonly by: WallColumn; readonly source: WallHead['source']; readonly lang: Lang },
): string {
  if (by === 'margin') return quantity(value, 'celsius', lang)
  if (by === 'coverage' && source === 'live') return duration(value * 1000, lang)
  return `${decimal(value * 100, lang)}\u202f%`
}

export interface DeviceWords {
  /** Node and index. */
  readonly name: string
  readonly place: string
  readonly model: string
  readonly state: string
  /** Only what is known of it. */
  readonly figures: readonly { readonly name: string; readonly value: string }[]
  readonly coverage: string
}

const FIGURES = ['busy', 'active', 'effective', 'margin', 'power'] as const

/** One device in words: the tooltip, and what a screen reader says. */
export function deviceWords(
  places: WallPlaces,
  columns: Columns,
  device: number,
  { source, lang }: { readonly source: WallHead['source']; readonly lang: Lang },
): DeviceWords {
  const m = TEXTS[lang]
  const node = places.nodes[places.nodeOf[device] ?? -1]
  const rack = places.racks[places.rackOf[device] ?? -1]
  const hall = places.halls[rack?.hall ?? -1]
  const kind = places.layout.kinds[node?.kind ?? -1]
  const slot = slotOf(places, device)
  const value = (column: Exclude<WallColumn, 'state'>) =>
    wallValue(column, columns[column][device] ?? 255, source)
  const state = stateOf(columns.state[device] ?? 255)
  const coverage = value('coverage')
  return {
    name: [node?.name ?? '', ...(slot === null ? [] : [m.slot(String(slot))])].join(' · '),
    place: [m.hall(hall?.cluster ?? '', hall?.name ?? ''), rack?.name ?? '']
      .filter((part) => part !== '')
      .join(' · '),
    model: [kind?.model ?? '', kind?.pool ?? ''].filter((part) => part !== '').join(' · '),
    state: state === null ? m.absent : m.states[state],
    figures: FIGURES.flatMap((column) => {
      const known = value(column)
      if (known === null) return []
      const text =
        column === 'margin'
          ? quantity(known, 'celsius', lang)
          : column === 'power'
            ? m.ofCap(percent(known, lang))
            : percent(known, lang)
      return [{ name: m.figures[column], value: text }]
    }),
    coverage:
      coverage === null
        ? m.unknown
        : source === 'live'
          ? m.age(duration((coverage + 10) * 1000, lang))
          : m.known(percent(coverage, lang, 'down')),
  }
}

export const sentence = ({ name, place, state, figures, coverage }: DeviceWords): string =>
  [name, place, state, ...figures.map((figure) => `${figure.name} ${figure.value}`), coverage].join(
    ', ',
  )
