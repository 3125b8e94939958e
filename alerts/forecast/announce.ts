import type { Forecast } from '#schemas/alerts/forecast.ts'

/**
 * When a forecast is said to people: it is likely enough, soon enough, and not said of one evaluation alone
 * (facts of alerting, section 5).
 */

/** Made of the newest evaluations of one scope; begins as `QUIET`. */
export interface Announcement {
  readonly state: Forecast['announced']
  /** Whether the newest evaluations would have announced it, oldest first, at most four. */
  readonly votes: readonly Forecast['announced'][]
  /** Since when the forecast has been well above the line, epoch ms. */
  readonly clearSinceMs: number | null
}

export const QUIET: Announcement = { state: 'no', votes: [], clearSinceMs: null }

export const ANNOUNCE = {
  /** Least chance to be under the line at some moment of the next six hours. */
  chance: 0.75,
  warnWithinS: 3600,
  pageWithinS: 1200,
  votes: 4,
  agree: 3,
  /** Ends when for so long the median stays so far above the line, or the chance is so small. */
  clearMargin: 0.05,
  clearChance: 0.3,
  clearMs: 1_800_000,
} as const

type Made = Omit<Forecast, 'announced'>

/** What this forecast alone would say. */
export function voteOf({ chance, to_line, now, line }: Made): Forecast['announced'] {
  const soon = to_line.early_s
  // Under the line already: that is the zone's own alert.
  if (now < line || chance < ANNOUNCE.chance || soon === null) return 'no'
  if (soon <= ANNOUNCE.pageWithinS) return 'page'
  return soon <= ANNOUNCE.warnWithinS ? 'warn' : 'no'
}

/**
 * The next state of a scope. Nothing is announced of what is already there: while the zone's own alert is open, or the
 * level is under the line, all begins anew. A warning may become a page, and not the other way round until it has cleared.
 */
export function announce(previous: Announcement, made: Made, isInZone: boolean): Announcement {
  if (isInZone || made.now < made.line) return QUIET
  const votes = [...previous.votes, voteOf(made)].slice(-ANNOUNCE.votes)
  const pages = votes.filter((vote) => vote === 'page').length
  const calls = votes.filter((vote) => vote !== 'no').length
  const called = pages >= ANNOUNCE.agree ? 'page' : calls >= ANNOUNCE.agree ? 'warn' : 'no'
  const clearSinceMs = isClear(made) ? (previous.clearSinceMs ?? made.made_ms) : null
  const hasCleared = clearSinceMs !== null && made.made_ms - clearSinceMs >= ANNOUNCE.clearMs
  if (hasCleared) return { state: 'no', votes, clearSinceMs }
  const isPage = called === 'page' || previous.state === 'page'
  if (isPage) return { state: 'page', votes, clearSinceMs }
  return { state: previous.state === 'no' ? called : previous.state, votes, clearSinceMs }
}

const isClear = ({ line, chance, points }: Made) =>
  chance <= ANNOUNCE.clearChance ||
  points
    .filter(({ ahead_s }) => ahead_s <= 10_800)
    .every(({ p50 }) => p50 > line + ANNOUNCE.clearMargin)
