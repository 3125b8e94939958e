import { between, type Random, seededRandom, shuffled } from './random.ts'

/** The collectors of a run: the second one's spool is on a small disk, the third one may be in a network of its own. */
export const COLLECTORS = ['c1', 'c2', 'c3'] as const
export type CollectorName = (typeof COLLECTORS)[number]

/** Processes that are killed and halted. */
const PROCESSES = [...COLLECTORS, 'ingest', 'nats', 'engine'] as const
export type ProcessName = (typeof PROCESSES)[number]

/** TCP ways that go through a proxy. */
export const LINKS = [...COLLECTORS, 'ingest-bus', 'ingest-store'] as const
export type LinkName = (typeof LINKS)[number]

/** One kind of fault: how often it is dealt, whom it may hit, how, and for how long. */
interface KindSpec {
  readonly weight: number
  readonly targets: readonly string[]
  readonly variants: readonly string[]
  /** Shortest and longest time until it is healed, ms. */
  readonly forMs: readonly [number, number]
}

/** Weights are shares of a deck, so that every run has its mix and a short one meets every kind. */
export const KINDS = {
  kill: { weight: 15, targets: weighted(), variants: ['-9'], forMs: [50, 1500] },
  halt: { weight: 10, targets: weighted(), variants: ['SIGSTOP'], forMs: [300, 5000] },
  truncate: {
    weight: 3,
    targets: ['broker'],
    variants: ['telemetry', 'both', 'telemetry', 'intents'],
    forMs: [50, 500],
  },
  wipe: { weight: 2, targets: ['broker'], variants: ['all', 'shuffled copies'], forMs: [50, 500] },
  cut: { weight: 5, targets: LINKS, variants: ['reset'], forMs: [200, 6000] },
  half_open: { weight: 4, targets: LINKS, variants: ['stalled', 'swallowed'], forMs: [500, 8000] },
  delay: { weight: 3, targets: LINKS, variants: ['40', '400'], forMs: [1000, 6000] },
  slow_reader: { weight: 2, targets: LINKS, variants: ['2000', '20000'], forMs: [1000, 6000] },
  namespace: { weight: 2, targets: ['c3'], variants: ['link down'], forMs: [500, 8000] },
  disk_full: {
    weight: 3,
    targets: ['spool', 'broker', 'spool'],
    variants: ['to the last byte'],
    forMs: [1000, 5000],
  },
  stream_full: { weight: 1, targets: ['broker'], variants: ['refuses'], forMs: [1000, 6000] },
  spool_full: { weight: 1, targets: ['c1'], variants: ['bus away'], forMs: [9000, 14_000] },
  clock: {
    weight: 4,
    targets: COLLECTORS,
    variants: ['45', '-45', '3600', '-3600', '8', '-172800', '172800', '-20'],
    forMs: [500, 6000],
  },
  copies: {
    weight: 4,
    targets: ['broker'],
    variants: ['at once', 'shuffled', 'after the window'],
    forMs: [0, 0],
  },
  poison: {
    weight: 5,
    targets: ['broker'],
    variants: ['flipped', 'truncated', 'wrong id', 'wrong subject', 'noise', 'empty'],
    forMs: [0, 0],
  },
  hostile: {
    weight: 8,
    targets: ['broker'],
    variants: [
      'foreign body',
      'foreign subject',
      'guessed ids',
      'future',
      'ancient',
      'malformed',
      'nested',
      'bomb',
      'flood',
      'false watermark',
      'stream api',
      'false gap',
    ],
    forMs: [0, 0],
  },
  zombie: { weight: 2, targets: ['ingest'], variants: ['two at once'], forMs: [1500, 4000] },
  torn_insert: {
    weight: 2,
    targets: ['ingest'],
    variants: ['broker wiped', 'broker killed'],
    forMs: [600, 1500],
  },
} as const satisfies Record<string, KindSpec>

export type FaultKind = keyof typeof KINDS

/** Collectors, ingest, server and engine in turn: as many deaths for each of the four. */
function weighted(): readonly ProcessName[] {
  return ['c1', 'ingest', 'nats', 'engine', 'c2', 'ingest', 'nats', 'engine', 'c3', 'ingest']
}

export interface PlannedFault {
  readonly step: number
  /** After the site is up, ms. A fault whose target is still ill waits for it. */
  readonly atMs: number
  readonly kind: FaultKind
  readonly target: string
  readonly variant: string
  readonly forMs: number
  /** Seed of what the fault itself draws. */
  readonly seed: number
}

/**
 * The faults of a run: the same numbers give the same plan. Kinds are dealt by their share from a shuffled deck,
 * their targets and variants in turn; the pauses between them vary.
 */
export function makePlan(seed: number, faults: number, windowMs: number): PlannedFault[] {
  const random = seededRandom(seed)
  const kinds = shuffled(random, deal(faults))
  const turns = new Map(kindNames().map((kind) => [kind, newTurn(random, kind)]))
  const pause = windowMs / Math.max(1, faults)
  let atMs = 0
  return kinds.map((kind, index) => {
    const turn = turns.get(kind)
    const at = turn?.next ?? 0
    if (turn !== undefined) turn.next += 1
    const [shortest, longest] = specOf(kind).forMs
    const planned = {
      step: index + 1,
      atMs: Math.round(atMs),
      kind,
      target: inTurn(turn?.targets, at),
      variant: inTurn(turn?.variants, at),
      forMs: duration(random, shortest, longest),
      seed: between(random, 1, 2 ** 31),
    }
    // Some come at once, some after a rest: on average the window is used up.
    atMs += pause * (random() < 0.2 ? 0.1 : 0.725 + random())
    return planned
  })
}

interface Turn {
  readonly targets: readonly string[]
  readonly variants: readonly string[]
  next: number
}

function newTurn(random: Random, kind: FaultKind): Turn {
  const { targets, variants } = specOf(kind)
  return { targets: shuffled(random, targets), variants: shuffled(random, variants), next: 0 }
}

/** Most faults are short, so that recovery itself is disturbed. */
const duration = (random: Random, shortest: number, longest: number) =>
  Math.round(shortest + (longest - shortest) * random() ** 2)

const inTurn = (list: readonly string[] | undefined, at: number) =>
  list?.[at % Math.max(1, list.length)] ?? ''

export const specOf = (kind: FaultKind): KindSpec => KINDS[kind]

export function kindNames(): FaultKind[] {
  const isKind = (name: string): name is FaultKind => Object.hasOwn(KINDS, name)
  return Object.keys(KINDS).filter(isKind)
}

/** As many of each kind as its weight says, the largest remainders rounded up. */
function deal(faults: number): FaultKind[] {
  const total = kindNames().reduce((sum, kind) => sum + specOf(kind).weight, 0)
  const shares = kindNames().map((kind) => {
    const exact = (faults * specOf(kind).weight) / total
    return { kind, count: Math.floor(exact), rest: exact - Math.floor(exact) }
  })
  let left = faults - shares.reduce((sum, { count }) => sum + count, 0)
  for (const share of shares.toSorted((a, b) => b.rest - a.rest)) {
    if (left <= 0) break
    share.count += 1
    left -= 1
  }
  return shares.flatMap(({ kind, count }) => Array.from({ length: count }, () => kind))
}

/** `12 kill ingest (-9) for 640 ms`. */
export const describeFault = ({ step, kind, target, variant, forMs }: PlannedFault) =>
  `${step} ${kind} ${target} (${variant})${forMs === 0 ? '' : ` for ${forMs} ms`}`
