import { chipModel } from './identity.ts'
import type { ChipRows, ExporterPage } from './parse.ts'

/** Whose watts a chip's power series shows, after what belongs to another device was taken out. */
export interface PowerScope {
  /** Chips whose power is counted on another chip of the same card or package. */
  readonly repeats: ReadonlySet<ChipRows>
  readonly scopeOf: ReadonlyMap<ChipRows, 'package' | 'card'>
  /** Facts about this page for people: how dies and cards were paired. */
  readonly facts: Readonly<Record<string, string>>
}

const POWER = 'npu_chip_info_power'
const watts = (chip: ChipRows | undefined) => chip?.samples.get(POWER)?.value ?? null

/**
 * Power that is printed on several chips is counted once: a 910C package on its die 0, whatever die 1 prints,
 * and a 310P card on its first chip. A card's chips share a bus address; where buses are not told, the
 * number of cards per machine says which ids go together, and without that two neighbours with exactly
 * the same watts are taken for one card.
 */
export function powerScope(page: ExporterPage): PowerScope {
  const repeats = new Set<ChipRows>()
  const scopeOf = new Map<ChipRows, 'package' | 'card'>()
  const facts: Record<string, string> = {}
  const packages = page.chips.filter((chip) => chipModel(chip) === 'Ascend 910C')
  for (const chip of packages) {
    scopeOf.set(chip, 'package')
    if (chip.id % 2 === 1) repeats.add(chip)
  }
  if (packages.length > 0) facts['a3_die1_power'] = dieOnePower(packages)

  const cards = page.chips.filter((chip) => chipModel(chip).startsWith('Ascend 310P'))
  const pairing = cards.length === 0 ? null : cardPairing(cards, page)
  const seen = new Set<string>()
  for (const chip of cards) {
    scopeOf.set(chip, 'card')
    const card = pairing?.cardOf(chip) ?? null
    if (card !== null && seen.has(card)) repeats.add(chip)
    // A chip whose reading vanished does not stand for its card.
    if (card !== null && watts(chip) !== null) seen.add(card)
  }
  if (pairing !== null) facts['card_power_pairing'] = pairing.by
  return { repeats, scopeOf, facts }
}

/** What die 1 of the packages prints: asked once per model by whoever checks this exporter. */
function dieOnePower(packages: readonly ChipRows[]): string {
  const answers = packages
    .filter((chip) => chip.id % 2 === 1)
    .map((chip) => {
      const own = watts(chip)
      const other = watts(packages.find(({ id }) => id === chip.id - 1))
      if (own === null) return 'missing'
      return own === other ? 'same as die 0' : 'other than die 0'
    })
  return [...new Set(answers)].toSorted().join(', ') || 'not shown'
}

interface CardPairing {
  readonly by: 'bus' | 'card_count' | 'equal_power'
  /** Name of the card a chip sits on. */
  cardOf(chip: ChipRows): string
}

function cardPairing(chips: readonly ChipRows[], page: ExporterPage): CardPairing {
  if (chips.every((chip) => chip.bus !== null))
    return { by: 'bus', cardOf: (chip) => chip.bus ?? String(chip.id) }
  const perCard = (page.npuCount ?? 0) / (page.cardCount ?? 0)
  if (Number.isInteger(perCard) && perCard > 0 && page.vnpus.length === 0)
    return { by: 'card_count', cardOf: ({ id }) => String(Math.floor(id / perCard)) }
  const byId = new Map(chips.map((chip) => [chip.id, chip]))
  return {
    by: 'equal_power',
    cardOf(chip) {
      const own = watts(chip)
      const isSecond = chip.id % 2 === 1 && own !== null && watts(byId.get(chip.id - 1)) === own
      return String(isSecond ? chip.id - 1 : chip.id)
    },
  }
}
