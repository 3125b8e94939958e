import {
  SEARCH_DEVICE_LETTERS,
  SEARCH_RESULTS_MAX,
  type SearchAnswer,
  type SearchKind,
  type SearchResult,
} from '#schemas/api-search.ts'
import type { Owner } from '#schemas/journal.ts'
import type { Reader } from '#schemas/ports.ts'
import type { Clock } from '#schemas/role.ts'
import type { Alerting } from './alerts/alerting.ts'
import { memo } from './memo.ts'
import { searchDevices, type SearchName, searchNames } from './queries/search.ts'
import { byRank, matchRank, nodeAndIndex } from './search-rank.ts'

export interface SearchDeps {
  readonly reader: Reader
  readonly clock: Clock
  readonly simulated: boolean
  readonly alerting: Pick<Alerting, 'rules'>
  readonly documents: () => Promise<{ readonly owners: readonly Owner[] }>
}

/** One find and how good it is. */
interface Found {
  readonly kind: SearchKind
  readonly rank: number
  readonly name: string
  readonly result: SearchResult
}

const WORDS_MAX = 8
/** A statement is bounded: every key is looked at, and no sample. */
const LIMITS = { maxExecutionMs: 3_000, maxResultRows: 1_000 } as const

/** Names change with jobs and nodes; they are read once for as long as this and looked through in memory. */
const NAMES_TTL_MS = 15_000
const NAMES_MAX = 60_000

/**
 * GET /api/v1/search: what `typed` may mean, the best first. The answer rejects with the reader's errors; without the
 * journal tenants are found by their ids only.
 */
export function createSearch(deps: SearchDeps): (typed: string) => Promise<SearchAnswer> {
  const known = memo(deps.clock, NAMES_TTL_MS, () =>
    searchNames.run(deps.reader, { now_ms: deps.clock(), names_max: NAMES_MAX }),
  )
  return async (typed) => {
    const q = typed.trim()
    if (q === '') return { q, results: [], more: false, simulated: deps.simulated }
    const owners = await deps.documents().then(
      (said) => said.owners,
      () => [],
    )
    const stored = await Promise.all([names(q, { owners, known }), devices(deps, q)])
    const parts = [...stored, rules(deps, q)]
    const found = parts.flatMap((part) => part.found).sort(byRank)
    const total = parts.reduce((sum, part) => sum + part.total, 0)
    return {
      q,
      results: found.slice(0, SEARCH_RESULTS_MAX).map(({ result }) => result),
      more: total > Math.min(found.length, SEARCH_RESULTS_MAX),
      simulated: deps.simulated,
    }
  }
}

interface Part {
  readonly found: readonly Found[]
  /** With those that the store did not tell. */
  readonly total: number
}

const NOWHERE = { cluster: '', hall: '', rack: '', node: '', model: '', tenant: '', devices: 0 }

async function names(
  q: string,
  told: { readonly owners: readonly Owner[]; readonly known: () => Promise<readonly SearchName[]> },
): Promise<Part> {
  const displayed = new Map(told.owners.map(({ tenant, display_name }) => [tenant, display_name]))
  const words = q.toLowerCase().split(/\s+/).slice(0, WORDS_MAX)
  const fits = (text: string) => words.every((word) => text.toLowerCase().includes(word))
  const running = new Set<string>()
  const matches = (await told.known()).flatMap((row) => {
    const label = (row.kind === 'tenant' ? displayed.get(row.name) : undefined) || row.name
    // Those that stand now come first: a job that runs again is not told as ended.
    if (row.device !== '0' && running.has(row.name)) return []
    if (row.kind === 'job') running.add(row.name)
    if (!fits(row.name) && !fits(label)) return []
    return [{ row, label, rank: Math.min(matchRank(row.name, q), matchRank(label, q)) }]
  })
  const best = matches
    .sort((a, b) => byRank({ ...a.row, rank: a.rank }, { ...b.row, rank: b.rank }))
    .slice(0, SEARCH_RESULTS_MAX)
  const found = best.map(({ row, label, rank }): Found => {
    const { kind, name, device: _device, ...stands } = row
    const result: SearchResult = {
      ...NOWHERE,
      ...stands,
      kind,
      id: name,
      label: { en: label, zh: label },
    }
    return { kind, name, rank, result }
  })
  return { found, total: matches.length }
}

async function devices(deps: SearchDeps, q: string): Promise<Part> {
  const place = nodeAndIndex(q)
  if (q.length < SEARCH_DEVICE_LETTERS && place === null) return { found: [], total: 0 }
  const rows = await searchDevices.run(
    deps.reader,
    {
      q,
      number: /^\d{4,20}$/.test(q) ? q : '',
      at_node: place?.node ?? '',
      at_index: place?.index ?? -1,
    },
    LIMITS,
  )
  const found = rows.map(({ id, key, found: _found, device_index, ...stands }): Found => {
    // `uuid:GPU-1f…` is looked for by what follows its kind.
    const bare = key.slice(key.indexOf(':') + 1)
    const isPlace =
      place !== null && device_index === place.index && matchRank(stands.node, place.node) === 0
    const label = { en: bare, zh: bare }
    return {
      kind: 'device',
      name: bare,
      rank: isPlace ? 0 : Math.min(matchRank(bare, q), matchRank(id, q)),
      result: { ...NOWHERE, ...stands, kind: 'device', id, label, devices: 1 },
    }
  })
  return { found, total: rows[0]?.found ?? 0 }
}

function rules({ alerting }: SearchDeps, q: string): Part {
  const words = q.toLowerCase().split(/\s+/).slice(0, WORDS_MAX)
  const found = [...alerting.rules().values()].flatMap(({ rule }): Found[] => {
    const { name, title } = rule
    const text = `${name} ${title.en} ${title.zh}`.toLowerCase()
    if (!words.every((word) => text.includes(word))) return []
    const rank = Math.min(matchRank(name, q), matchRank(title.en, q), matchRank(title.zh, q))
    const result: SearchResult = { ...NOWHERE, kind: 'rule', id: name, label: title }
    return [{ kind: 'rule', name, rank, result }]
  })
  return { found, total: found.length }
}
