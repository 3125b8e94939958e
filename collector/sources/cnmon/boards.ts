/** What pairing needs to know of one card. */
export interface BoardCandidate {
  readonly card: number
  readonly name: string
  readonly bus: string | null
  readonly vf: number | null
  readonly watts: number | null
}

export interface Pairing<Candidate> {
  /** Cards that stand for their board: the board's power is theirs. */
  readonly firsts: ReadonlySet<Candidate>
  /** The other cards, whose print of the power is the same board's. */
  readonly seconds: ReadonlySet<Candidate>
  /** Two cards that should be one board by their places and print different watts. */
  readonly unclear: readonly Candidate[]
}

/** Bus numbers of the two cards of a board are at most this far apart. */
const BUS_SPAN = 8
/** One sensor read twice, a moment apart. */
const SAME_SENSOR = 0.1

/**
 * An MLU370-X8 is one board with two cards, and each prints the board's power. The box has no serial number, so
 * this is a guess: in order of bus numbers (of card numbers without them), a card and the next one of the same
 * bus neighbourhood are one board when their watts differ by no more than a sensor read twice does. What is not
 * paired keeps its own figure.
 */
export function pairBoards<Candidate extends BoardCandidate>(
  cards: readonly Candidate[],
): Pairing<Candidate> {
  const halves = cards
    .filter((card) => card.vf === null && /370-?X8/i.test(card.name))
    .toSorted((a, b) => (place(a) ?? a.card) - (place(b) ?? b.card) || a.card - b.card)
  const firsts = new Set<Candidate>()
  const seconds = new Set<Candidate>()
  const unclear: Candidate[] = []
  for (let at = 0; at < halves.length; at += 1) {
    const [one, two] = [halves[at], halves[at + 1]]
    if (one === undefined) break
    const isPair = two !== undefined && areNeighbours(one, two)
    if (!isPair || !sameWatts(one.watts, two.watts)) {
      firsts.add(one)
      if (isPair) unclear.push(two)
      continue
    }
    // Where the first one prints no power, the board's power is what the second one prints.
    const isSecondLeading = one.watts === null && two.watts !== null
    firsts.add(isSecondLeading ? two : one)
    seconds.add(isSecondLeading ? one : two)
    at += 1
  }
  return { firsts, seconds, unclear }
}

function areNeighbours(one: BoardCandidate, two: BoardCandidate): boolean {
  const [a, b] = [place(one), place(two)]
  if (a !== null && b !== null) return b - a <= BUS_SPAN
  // Without buses the tool lists the cards of a board one after the other, from 0.
  return a === b && one.card % 2 === 0 && two.card === one.card + 1
}

function sameWatts(a: number | null, b: number | null): boolean {
  if (a === null || b === null) return true
  return Math.abs(a - b) <= SAME_SENSOR * Math.max(a, b)
}

/** Domain and bus of a PCI address as one number. */
function place({ bus }: BoardCandidate): number | null {
  const match = /^([0-9A-F]{4,8}):([0-9A-F]{2}):/i.exec(bus ?? '')
  return match === null
    ? null
    : Number.parseInt(match[1] ?? '', 16) * 256 + Number.parseInt(match[2] ?? '', 16)
}
