import { z } from 'zod'

/** What GET /api/v1/search answers: things of the site that a few typed letters may mean. Pages are found by the screen itself. */

/** In the order in which equally good finds are told. */
export const SEARCH_KINDS = [
  'node',
  'device',
  'job',
  'tenant',
  'rack',
  'hall',
  'cluster',
  'rule',
] as const
export const SearchKind = z.enum(SEARCH_KINDS)
export type SearchKind = z.infer<typeof SearchKind>

/** Letters that are looked for; devices by their keys from `SEARCH_DEVICE_LETTERS` on. */
export const SEARCH_LETTERS_MAX = 128
export const SEARCH_DEVICE_LETTERS = 3
export const SEARCH_RESULTS_MAX = 20

export const SearchResult = z.object({
  kind: SearchKind,
  /** What the API knows it by: a name, or the 64-bit number of a device. */
  id: z.string(),
  /** As people write it: the tenant's display name, the key of a device that was met, the rule's title. */
  label: z.object({ en: z.string(), zh: z.string() }),
  /** Where it stands; empty where it is in several or nobody said. */
  cluster: z.string(),
  hall: z.string(),
  rack: z.string(),
  node: z.string(),
  /** Of a device. */
  model: z.string(),
  /** Of a job: who holds it. */
  tenant: z.string(),
  /** How many devices it is now; 0 = none of what the ledger counts at this moment. */
  devices: z.int().min(0),
})
export type SearchResult = z.infer<typeof SearchResult>

export const SearchAnswer = z.object({
  /** What was looked for, without blanks at its ends. */
  q: z.string(),
  /** The best first. */
  results: z.array(SearchResult).max(SEARCH_RESULTS_MAX),
  /** There are more than are told. */
  more: z.boolean(),
  simulated: z.boolean(),
})
export type SearchAnswer = z.infer<typeof SearchAnswer>
