import type { SearchKind, SearchResult } from '#schemas/api-search.ts'
import type { Lang } from '#lib/format.ts'
import { nodeHref } from '#lib/node/node-href.ts'
import { MORE_PAGES, PAGES, type PageLink } from '#lib/shell/pages.ts'

/** What the palette lists: pages of this screen, and what the API found. Pure; tested beside it. */

export type ItemKind = SearchKind | 'page'

export interface Item {
  readonly kind: ItemKind
  readonly href: string
  readonly label: string
  /** Where it stands, or what it is; may be empty. */
  readonly detail: string
}

export const RECENT_MAX = 8

type PageNames = Readonly<Record<PageLink['name'], string>>

/** Pages whose name fits in either language, those whose name begins so first. */
export function pageItems(
  typed: string,
  lang: Lang,
  names: Readonly<Record<Lang, PageNames>>,
): Item[] {
  const wanted = typed.trim().toLowerCase()
  if (wanted === '') return []
  return [...PAGES, ...MORE_PAGES]
    .map(({ href, name }) => {
      const said = [names.en[name], names.zh[name], href.slice(1)].map((text) => text.toLowerCase())
      const places = said.map((text) => text.indexOf(wanted)).filter((at) => at !== -1)
      return { at: Math.min(...places), label: names[lang][name], href }
    })
    .filter(({ at }) => Number.isFinite(at))
    .sort((left, right) => left.at - right.at)
    .map(({ href, label }) => ({ kind: 'page', href, label, detail: href }))
}

/** Where a find leads. */
export function hrefOf({ kind, id, cluster, hall }: SearchResult): string {
  const list = (params: Record<string, string>) => `/devices?${new URLSearchParams(params)}`
  const inCluster = cluster === '' ? '' : `?${new URLSearchParams({ cluster })}`
  if (kind === 'node') return nodeHref({ node: id, cluster })
  if (kind === 'device') return `/devices/${id}`
  if (kind === 'job') return `/jobs/${encodeURIComponent(id)}${inCluster}`
  if (kind === 'rule') return `/alerts/rules#${id}`
  if (kind === 'rack') return list(hall === '' ? { rack: id } : { hall, rack: id })
  return list({ [kind]: id })
}

/** Finds as lines; `count` writes how many devices there are. */
export function resultItems(
  results: readonly SearchResult[],
  lang: Lang,
  count: (devices: number) => string,
): Item[] {
  return results.map((result) => {
    const { kind, id, label, cluster, hall, rack, node, model, tenant, devices } = result
    const parts =
      kind === 'device'
        ? [node, model]
        : kind === 'rule'
          ? [id]
          : [
              label[lang] === id ? '' : id,
              cluster,
              hall,
              rack,
              tenant,
              devices === 0 ? '' : count(devices),
            ]
    const detail = parts.filter((part) => part !== '' && part !== label[lang]).join(' · ')
    return { kind, href: hrefOf(result), label: label[lang], detail }
  })
}

/** What was chosen lately, newest first; whatever local storage holds that is none of it is left out. */
export function readRecent(stored: string | null): Item[] {
  let found: unknown = null
  try {
    found = JSON.parse(stored ?? '[]')
  } catch {
    return []
  }
  return Array.isArray(found) ? found.filter(isItem).slice(0, RECENT_MAX) : []
}

const KINDS: ReadonlySet<unknown> = new Set<ItemKind>([
  'page',
  'node',
  'device',
  'job',
  'tenant',
  'rack',
  'hall',
  'cluster',
  'rule',
])

function isItem(value: unknown): value is Item {
  if (typeof value !== 'object' || value === null) return false
  const text = (name: string) => {
    const field: unknown = Reflect.get(value, name)
    return typeof field === 'string' && field.length <= 300 ? field : null
  }
  // Only addresses of this screen: a stored one is followed on a key press.
  const isOwn = /^\/(?!\/)/.test(text('href') ?? '')
  return (
    isOwn &&
    text('label') !== null &&
    text('detail') !== null &&
    KINDS.has(text('kind') ?? undefined)
  )
}

export function withRecent(recent: readonly Item[], chosen: Item): Item[] {
  return [chosen, ...recent.filter(({ href }) => href !== chosen.href)].slice(0, RECENT_MAX)
}

/** The next place in a list of so many, round and round. */
export const stepped = (at: number, step: number, length: number): number =>
  length === 0 ? 0 : (at + step + length) % length
