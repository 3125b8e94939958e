import type { SimulatedNpu } from './simulate.ts'

/** HCCS counters of one link of a simulated chip. */
export interface SimulatedLink {
  readonly lanes: string
  readonly txBytes: number
  readonly rxBytes: number
  readonly retries: number
  readonly errors: number
}

/** ECC counters of a simulated chip: since the driver started, over its life, pages isolated and waiting. */
export interface SimulatedEcc {
  readonly singleBit: number
  readonly doubleBit: number
  readonly lifeSingleBit: number
  readonly lifeDoubleBit: number
  readonly isolatedPages: number
  readonly pagesToIsolate: number
}

const NO_ECC: SimulatedEcc = {
  singleBit: 0,
  doubleBit: 0,
  lifeSingleBit: 0,
  lifeDoubleBit: 0,
  isolatedPages: 0,
  pagesToIsolate: 0,
}
const HEALTHY_LINK: SimulatedLink = { lanes: '1111', txBytes: 0, rxBytes: 0, retries: 0, errors: 0 }
/** Links of an A2 chip to its seven neighbours. */
const LINKS = 7
const PACKET_BYTES = 20

type Fields = readonly (readonly [string, string | number])[]

/** Keys are padded to 30 columns in most answers, to 40 in that of ecc. */
function lines(fields: Fields, width = 30): string {
  return `${fields.map(([name, value]) => `\t${name.padEnd(width)} : ${value}`).join('\n')}\n`
}

function card(chips: readonly SimulatedNpu[]): Fields {
  return [
    ['NPU ID', chips[0]?.npu ?? 0],
    ['Chip Count', chips.length],
  ]
}

/** `npu-smi info -t memory -i N`: the only place that prints the temperature of the HBM. */
export function writeMemory(chips: readonly SimulatedNpu[]): string {
  const ofChip = (device: SimulatedNpu): Fields => [
    ['DDR Capacity(MB)', 0],
    ['DDR Clock Speed(MHz)', 0],
    ['HBM Capacity(MB)', device.memoryTotalMb],
    ['HBM Clock Speed(MHz)', 1600],
    ['HBM Temperature(C)', device.hbmTemperatureCelsius ?? 'NA'],
    ['HBM Manufacturer ID', '0x56'],
    ['Chip ID', device.chip],
  ]
  return lines([...card(chips), ...chips.flatMap(ofChip)])
}

/** `npu-smi info -t ecc -i N`: eight counters per chip, its number last. */
export function writeEcc(chips: readonly SimulatedNpu[]): string {
  const ofChip = (device: SimulatedNpu): Fields => {
    const ecc = device.ecc ?? NO_ECC
    return [
      ['HBM Single Bit Error Count', ecc.singleBit],
      ['HBM Double Bit Error Count', ecc.doubleBit],
      ['HBM Single Bit Aggregate Total Err Cnt', ecc.lifeSingleBit],
      ['HBM Double Bit Aggregate Total Err Cnt', ecc.lifeDoubleBit],
      ['HBM Single Bit Isolated Pages Count', ecc.isolatedPages],
      ['HBM Double Bit Isolated Pages Count', 0],
      ['HBM Single Bit Next Isolated Pages Count', ecc.pagesToIsolate],
      ['HBM Double Bit Next Isolated Pages Count', 0],
      ['Chip ID', device.chip],
    ]
  }
  return lines([...card(chips), ...chips.flatMap(ofChip)], 40)
}

/** `npu-smi info -t hccs -i N -c M`: bracketed lists, one entry per link. */
export function writeHccs(device: SimulatedNpu): string {
  const links = device.hccs ?? Array.from({ length: LINKS }, () => HEALTHY_LINK)
  const list = (value: (link: SimulatedLink) => string | number) =>
    `[${links.map((link) => String(value(link)).padEnd(20)).join(' ')}]`
  const isUp = (link: SimulatedLink) => link.lanes.includes('1')
  return lines([
    ['hccs health status', links.every(isUp) ? 'OK' : 'NOK'],
    ['hccs lane mode', list((link) => (isUp(link) ? 4 : 0))],
    ['hccs link lane list', list((link) => link.lanes)],
    ['hccs link speed', list((link) => (isUp(link) ? 224 : 0))],
    ['hccs tx packets', list((link) => Math.floor(link.txBytes / PACKET_BYTES))],
    ['hccs tx bytes', list((link) => link.txBytes)],
    ['hccs rx packets', list((link) => Math.floor(link.rxBytes / PACKET_BYTES))],
    ['hccs rx bytes', list((link) => link.rxBytes)],
    ['hccs retry count', list((link) => link.retries)],
    ['hccs error count', list((link) => link.errors)],
    ['hccs first error lane', 'NA'],
  ])
}

/** `npu-smi info -t power -i N`: a 310P answers for the card. */
export function writePower(chips: readonly SimulatedNpu[]): string {
  const watts = chips.find((chip) => chip.cardPowerWatts !== undefined)?.cardPowerWatts
  return lines([...card(chips), ['NPU Real-time Power(W)', watts?.toFixed(1) ?? 'NA']])
}
