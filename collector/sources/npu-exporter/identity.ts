import { canonicalModel } from './labels.ts'
import { MEMORY } from './map.ts'
import type { ChipRows } from './parse.ts'

/** The chip's readable model, from its name and from which memories it has. */
export function chipModel(chip: ChipRows): string {
  const hasDdr = (chip.samples.get(MEMORY.ddr.total)?.value ?? 0) > 0
  return canonicalModel(chip.printedModel, hasDdr)
}

/**
 * Keys as the npu-smi source spells them: the die first, then the place. npu-smi numbers chips on their card,
 * the exporter over the machine: a 910C has two dies per card, and chips on one bus follow each other.
 */
export function chipKeys(chip: ChipRows, chips: readonly ChipRows[]): string[] {
  const slot = `slot:${chip.bus ?? `phy${chip.id}`}/${chipOnCard(chip, chips)}`
  return chip.vdie === null ? [slot] : [`vdie:${chip.vdie}`, slot]
}

function chipOnCard(chip: ChipRows, chips: readonly ChipRows[]): number {
  if (chipModel(chip) === 'Ascend 910C') return chip.id % 2
  if (chip.bus === null) return 0
  return chips.filter((other) => other.bus === chip.bus && other.id < chip.id).length
}
