/** Where a level begins, and where it ends again on the way back. */
export interface Limit {
  readonly set: number
  readonly reset: number
}

/** The five numbers of a watched point, for one side: warn set and reset, alarm set and reset, delay. */
export interface Threshold {
  readonly side: 'high' | 'low'
  readonly warn: Limit | null
  readonly alarm: Limit | null
  /** How long a value must stay beyond a limit before the level rises, ms. */
  readonly delayMs: number
}

export type Level = 'ok' | 'warning' | 'alarm'

/** What is remembered of one point. */
export interface LevelState {
  readonly level: Level
  /** Since when the value lies beyond the limit without a break, epoch ms; null = it does not. */
  readonly warnSinceMs: number | null
  readonly alarmSinceMs: number | null
  readonly lastMs: number
}

export const NEW_LEVEL: LevelState = {
  level: 'ok',
  warnSinceMs: null,
  alarmSinceMs: null,
  lastMs: 0,
}

/** A silence of this long ends what was counted towards a delay: nobody saw what was between, ms. */
const BREAK_MS = 60_000

/**
 * The state after one more value. A level rises once the value stayed beyond its `set` for the delay, and falls at
 * once when the value is back at its `reset`. Values from before the last one change nothing.
 */
export function nextLevel(
  threshold: Threshold,
  state: LevelState,
  value: number,
  atMs: number,
): LevelState {
  if (atMs < state.lastMs) return state
  const { warn, alarm, delayMs, side } = threshold
  const isBroken = atMs - state.lastMs > BREAK_MS
  const since = (limit: Limit | null, before: number | null) =>
    isBeyond(side, limit, value) ? (isBroken ? atMs : (before ?? atMs)) : null
  const warnSinceMs = since(warn, state.warnSinceMs)
  const alarmSinceMs = since(alarm, state.alarmSinceMs)
  const isDue = (sinceMs: number | null) => sinceMs !== null && atMs - sinceMs >= delayMs
  const staysAlarm = state.level === 'alarm' && !isBack(side, alarm, value)
  const staysWarning = state.level !== 'ok' && !isBack(side, warn ?? alarm, value)
  const level =
    isDue(alarmSinceMs) || staysAlarm
      ? 'alarm'
      : isDue(warnSinceMs) || staysWarning
        ? 'warning'
        : 'ok'
  return { level, warnSinceMs, alarmSinceMs, lastMs: atMs }
}

const isBeyond = (side: Threshold['side'], limit: Limit | null, value: number): boolean =>
  limit !== null && (side === 'high' ? value >= limit.set : value <= limit.set)

const isBack = (side: Threshold['side'], limit: Limit | null, value: number): boolean =>
  limit === null || (side === 'high' ? value <= limit.reset : value >= limit.reset)
