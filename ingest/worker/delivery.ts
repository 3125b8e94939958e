import { createSeqRanges, type SeqRange, type SeqRanges } from './seq-ranges.ts'

/** A run of one collector process, as the delivery sees it. */
export interface Sender {
  readonly cluster: string
  readonly collector: string
  readonly boot: string
}

/** Everything of this boot up to and including seq is in the store, or given up by its collector. */
export interface Mark {
  readonly sender: Sender
  readonly seq: number
}

/** A range that a sender skipped and that is to be asked for again. */
export interface Hole extends SeqRange {
  readonly sender: Sender
}

interface Boot {
  readonly sender: Sender
  /** In the store. */
  readonly stored: SeqRanges
  /** In the store, or given up by the collector in a gap record: what the watermark may pass over. */
  readonly settled: SeqRanges
  heardAtMs: number
  /**
   * Everything stored of it was stored before this moment, epoch ms; Infinity while nobody wrote its runs
   * since. Null when nothing but its runs says so any more (see compact-batches.ts).
   */
  storedBeforeMs: number | null
  holeSinceMs: number | null
  asks: number
  askAgainAtMs: number
}

/** What is stored of a boot, and what was given up, as ranges. */
export interface BootRuns {
  readonly sender: Sender
  readonly stored: readonly SeqRange[]
  readonly lost: readonly SeqRange[]
  /** When something of it last came, epoch ms; null when never in this process. */
  readonly heardAtMs: number | null
}

/** A hole younger than this may just be a message on its way. */
export const HOLE_AGE_MS = 5_000
const ASK_AGAIN_MS = 10_000
const ASK_AGAIN_MS_MAX = 600_000
/** Watermarks are told again, in case the first word was lost, while their sender was heard this lately. */
const TOLD_AGAIN_MS = 10_000
const HEARD_LATELY_MS = 600_000

export interface DeliveryState {
  /** True when this sequence is in the store already: the message is a duplicate. */
  isStored(sender: Sender, seq: number): boolean
  markStored(sender: Sender, range: SeqRange): void
  /** The collector no longer has these: the watermark passes over them. */
  markLost(sender: Sender, range: SeqRange): void
  /** The parts of a range that are not in the store. */
  missing(sender: Sender, range: SeqRange): readonly SeqRange[]
  /** This sender is alive and waits to hear its watermark, were it the old one (a duplicate came). */
  heard(sender: Sender, nowMs: number): void
  /** Watermarks to publish now: those that changed or were waited for, and now and then all live ones. */
  marksToTell(nowMs: number): readonly Mark[]
  /** What is known of one boot, or null. */
  runsOf(sender: Sender): BootRuns | null
  /** Boots of which rows may still be kept beside their runs. */
  runsToWrite(): readonly BootRuns[]
  /** The runs of these boots, as they are now, were written down at this moment. */
  written(senders: Iterable<Sender>, nowMs: number): void
  /** Of what was stored before this moment only runs are left. */
  removed(beforeMs: number): void
  /** Holes old enough to be asked for now; each is asked for again, ever more rarely, until it closes. */
  holesToAskFor(nowMs: number): readonly Hole[]
}

/**
 * What of each (collector, boot) is in the store: refuses duplicates, yields watermarks and finds holes.
 * A set of ranges and not a high-water mark, which would refuse the repair of a hole.
 */
export function createDeliveryState(): DeliveryState {
  const boots = new Map<string, Boot>()
  const untold = new Set<Boot>()
  let toldAllAtMs = 0

  const bootOf = (sender: Sender): Boot => {
    const key = keyOf(sender)
    const known = boots.get(key)
    if (known !== undefined) return known
    const sets = { stored: createSeqRanges(), settled: createSeqRanges() }
    // A copy: a whole batch may have been handed over as its sender.
    const own = { cluster: sender.cluster, collector: sender.collector, boot: sender.boot }
    const boot = {
      sender: own,
      ...sets,
      heardAtMs: -Infinity,
      storedBeforeMs: null,
      holeSinceMs: null,
      asks: 0,
      askAgainAtMs: 0,
    }
    boots.set(key, boot)
    return boot
  }
  const cover = (boot: Boot, range: SeqRange) => {
    const before = boot.settled.contiguous()
    boot.storedBeforeMs = Infinity
    boot.settled.add(range.from, range.to)
    if (boot.settled.contiguous() === before) return
    Object.assign(boot, { holeSinceMs: null, asks: 0, askAgainAtMs: 0 })
    untold.add(boot)
  }

  return {
    isStored: (sender, seq) => boots.get(keyOf(sender))?.stored.has(seq) ?? false,
    markStored(sender, range) {
      const boot = bootOf(sender)
      boot.stored.add(range.from, range.to)
      cover(boot, range)
    },
    markLost: (sender, range) => cover(bootOf(sender), range),
    missing: (sender, range) => bootOf(sender).stored.missing(range.from, range.to),
    heard(sender, nowMs) {
      const boot = bootOf(sender)
      boot.heardAtMs = nowMs
      untold.add(boot)
    },
    marksToTell(nowMs) {
      if (nowMs - toldAllAtMs >= TOLD_AGAIN_MS) {
        toldAllAtMs = nowMs
        for (const boot of boots.values())
          if (nowMs - boot.heardAtMs <= HEARD_LATELY_MS) untold.add(boot)
      }
      const marks = [...untold].map(({ sender, settled }) => ({
        sender,
        seq: settled.contiguous(),
      }))
      untold.clear()
      return marks.filter((mark) => mark.seq > 0)
    },
    runsOf(sender) {
      const boot = boots.get(keyOf(sender))
      return boot === undefined ? null : runsOf(boot)
    },
    runsToWrite: () =>
      [...boots.values()].filter((boot) => boot.storedBeforeMs !== null).map(runsOf),
    written(senders, nowMs) {
      for (const sender of senders) {
        const boot = boots.get(keyOf(sender))
        if (boot?.storedBeforeMs === Infinity) boot.storedBeforeMs = nowMs
      }
    },
    removed(beforeMs) {
      for (const boot of boots.values())
        if (boot.storedBeforeMs !== null && boot.storedBeforeMs <= beforeMs)
          boot.storedBeforeMs = null
    },
    holesToAskFor(nowMs) {
      const holes: Hole[] = []
      for (const boot of boots.values()) {
        const hole = nextHole(boot, nowMs)
        if (hole !== null) holes.push(hole)
      }
      return holes
    },
  }
}

const keyOf = (sender: Sender) => `${sender.collector}:${sender.boot}`

const runsOf = ({ sender, stored, settled, heardAtMs }: Boot): BootRuns => ({
  sender,
  stored: stored.ranges.map(({ from, to }) => ({ from, to })),
  lost: settled.ranges.flatMap(({ from, to }) => stored.missing(from, to)),
  heardAtMs: Number.isFinite(heardAtMs) ? heardAtMs : null,
})

function nextHole(boot: Boot, nowMs: number): Hole | null {
  const { settled, sender } = boot
  if (settled.ranges.length < 2 && settled.contiguous() > 0) return null
  const hole = settled.missing(settled.contiguous() + 1, settled.last())[0]
  if (hole === undefined) return null
  boot.holeSinceMs ??= nowMs
  if (nowMs - boot.holeSinceMs < HOLE_AGE_MS || nowMs < boot.askAgainAtMs) return null
  boot.askAgainAtMs = nowMs + Math.min(ASK_AGAIN_MS * 2 ** boot.asks, ASK_AGAIN_MS_MAX)
  boot.asks += 1
  return { sender, ...hole }
}
