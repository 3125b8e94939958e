/** What the kiosk shows in turn, kept in its address: `?every=20&views=fleet,loss`. */

export const VIEWS = ['fleet', 'wall', 'loss', 'energy', 'alerts'] as const
export type View = (typeof VIEWS)[number]

export const EVERY_S = { least: 5, default: 20, most: 600 } as const

interface ReadableParams {
  get(name: string): string | null
}

/** The views asked for, in their order, each once; all of them where none is known. */
export function readViews(params: ReadableParams): readonly View[] {
  const asked = (params.get('views') ?? '').split(',')
  const known = asked.flatMap((name) => VIEWS.find((view) => view === name) ?? [])
  return known.length === 0 ? VIEWS : [...new Set(known)]
}

/** Seconds each view stays, within what can be read and what is still a cycle. */
export function readEvery(params: ReadableParams): number {
  const text = params.get('every') ?? ''
  if (!/^\d{1,6}$/.test(text)) return EVERY_S.default
  return Math.min(EVERY_S.most, Math.max(EVERY_S.least, Number(text)))
}

/** The place after `at` when `step` views on; always within the views. */
export function stepped(at: number, step: number, views: number): number {
  return views === 0 ? 0 : (((at + step) % views) + views) % views
}
