const MINUTE_MS = 60_000

/** A message on its way to a channel. */
export interface Begun {
  /** When it began, epoch ms: no two of a channel in the same one, so that it names the attempt. */
  readonly atMs: number
  /** It ended, one way or the other. */
  end(): void
}

/**
 * What each channel was sent within the last minute, and what is on its way. Receivers count all that comes through one
 * address, so alerts and reports of a process share it.
 */
export interface ChannelAttempts {
  begin(channel: string, nowMs: number): Begun
  /** An attempt that ended, by when it began; noting it again (the journal has it, too) changes nothing. */
  note(channel: string, atMs: number): void
  /** Ended ones of the minute before the newest, oldest first, epoch ms. */
  ended(channel: string): readonly number[]
  underWay(channel: string): number
  /** Tells of each end, of whomever: there is room again. Returns what ends the telling. */
  onEnd(listener: () => void): () => void
}

export function createChannelAttempts(): ChannelAttempts {
  const ended = new Map<string, readonly number[]>()
  const underWay = new Map<string, Set<number>>()
  const listeners = new Set<() => void>()
  const endedOf = (channel: string) => ended.get(channel) ?? []
  const underWayOf = (channel: string) => underWay.get(channel) ?? new Set()

  const note = (channel: string, atMs: number) => {
    const times = endedOf(channel)
    if (times.includes(atMs)) return
    const all = [...times, atMs].toSorted((a, b) => a - b)
    const newest = all.at(-1) ?? atMs
    ended.set(
      channel,
      all.filter((time) => time > newest - MINUTE_MS),
    )
  }
  return {
    begin(channel, nowMs) {
      const now = underWayOf(channel)
      let atMs = nowMs
      while (now.has(atMs) || endedOf(channel).includes(atMs)) atMs += 1
      underWay.set(channel, now.add(atMs))
      return {
        atMs,
        end() {
          if (!now.delete(atMs)) return
          note(channel, atMs)
          for (const listener of listeners) listener()
        },
      }
    },
    note,
    ended: endedOf,
    underWay: (channel) => underWayOf(channel).size,
    onEnd(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
