import { type ChannelConfig, DEFAULT_RATES } from '#schemas/alerts/channel-config.ts'

const MINUTE_MS = 60_000
/** `burst` holds within this window. */
const BURST_MS = 5_000
/** Attempts of one channel at the same time. */
const AT_ONCE_MAX = 4
/** Share of a minute's messages that only pages may use. */
const KEPT_FOR_PAGES = 0.2

/** How many more messages a channel may begin now, and when one more may if none. */
export interface Room {
  readonly any: number
  /** Of those, how many for what is no page. */
  readonly ordinary: number
  /** Epoch ms; null = as soon as one that is under way ends. */
  readonly nextMs: number | null
}

/**
 * The room of a channel by its attempts of the last minute, so that it is the same after a restart: a vendor counts on
 * while we are away.
 */
export function roomOf(
  channel: Pick<ChannelConfig, 'kind' | 'rate'>,
  given: {
    readonly attemptsMs: readonly number[]
    readonly underWay: number
    readonly nowMs: number
  },
): Room {
  const { attemptsMs, underWay, nowMs } = given
  const { per_minute, burst } = channel.rate ?? DEFAULT_RATES[channel.kind]
  const within = (ms: number) => attemptsMs.filter((at) => at > nowMs - ms)
  const [minute, burstOnes] = [within(MINUTE_MS), within(BURST_MS)]
  const kept = per_minute > 4 ? Math.ceil(per_minute * KEPT_FOR_PAGES) : 0
  const free = Math.min(per_minute - minute.length, burst - burstOnes.length) - underWay
  const any = Math.max(0, Math.min(free, AT_ONCE_MAX - underWay))
  const ordinary = Math.max(0, Math.min(any, per_minute - kept - minute.length - underWay))
  const frees = [
    ...freeing(minute, per_minute - kept, MINUTE_MS),
    ...freeing(burstOnes, burst, BURST_MS),
  ]
  return {
    any,
    ordinary,
    nextMs: ordinary > 0 || frees.length === 0 ? null : Math.max(...frees) + 1,
  }
}

/** When the window has a place again; nothing when it has one. */
const freeing = (times: readonly number[], most: number, windowMs: number): number[] => {
  const at = times.length < most ? undefined : times[times.length - most]
  return at === undefined ? [] : [at + windowMs]
}
