import { expect, it } from 'vitest'
import npuSmi from '../npu-smi/source.ts'
import source from './source.ts'

const DIE = '42c711d4 20b03704 4a10c8d4 14cc040a d2102003'

/** What both tools of one host say about the same die, in their own words. */
const BOARD = `
	NPU ID                         : 0
	Chip ID                        : 1
	Chip Name                      : Ascend910
	VDie ID                        : ${DIE.toUpperCase()}
	PCIe Bus Info                  : 0000:9F:00.0
`
const page = (model: string, id: number, bus: string) =>
  `npu_chip_info_temperature{id="${id}",model_name="${model}",pcie_bus_info="${bus}",vdie_id="${DIE.replaceAll(' ', '-')}"} 40\n`
const keysOf = (reader: typeof source | typeof npuSmi, text: string) =>
  reader.interpret(new TextEncoder().encode(text)).devices[0]?.keys

it('npu-smi and the exporter name one die of a 910C by the same keys', () => {
  const exporter = keysOf(source, page('Ascend910-Ascend-V1', 1, '0000:9f:00.0'))
  expect(exporter).toEqual([
    'vdie:42C711D4-20B03704-4A10C8D4-14CC040A-D2102003',
    'slot:0000:9F:00.0/1',
  ])
  expect(keysOf(npuSmi, BOARD)).toEqual(exporter)
})
