import type { Contract } from '#schemas/journal.ts'
import { Problems, type ProblemReport } from './problems.ts'
import { type Columns, readTable, RowReader } from './table.ts'

type Column =
  | 'id'
  | 'tenant'
  | 'model'
  | 'pool'
  | 'devices'
  | 'from'
  | 'to'
  | 'rate'
  | 'fee'
  | 'currency'

const COLUMNS: Columns<Column> = {
  id: ['contract', 'contractid', '合同'],
  tenant: ['customer', '租户'],
  model: ['devicemodel', 'gpumodel', 'npumodel', '型号'],
  pool: ['resourcepool', '资源池'],
  devices: ['devicecount', 'gpus', 'npus', 'quantity', 'count', '数量'],
  from: ['start', 'begin', 'since', '开始'],
  to: ['end', 'until', '结束'],
  rate: ['rateperhour', 'perhour', 'priceperhour', '单价'],
  fee: ['flatfee', 'total', '总价'],
  currency: ['ccy', '币种'],
}

/** What a file of contracts says. */
export interface ContractsFile {
  readonly contracts: readonly Contract[]
  readonly problems: ProblemReport
}

const MONEY = { min: 0, max: 1e12 }

/** Reads `contracts.csv` (docs/attribution.md); times without an offset are local to `timeZone`. */
export function readContractsCsv(text: string, timeZone: string): ContractsFile {
  const problems = new Problems()
  const lines = new Map<string, number>()
  const contracts: Contract[] = []
  for (const row of readTable(text, COLUMNS, problems)) {
    const reader = new RowReader<Column>(row, timeZone)
    const contract = contractOf(reader)
    const first = lines.get(contract.id)
    if (first !== undefined) reader.refuse(`has the id of line ${first}; ids are unique`)
    lines.set(contract.id, first ?? row.line)
    if (reader.wrong === null) contracts.push(contract)
    else problems.refuse(`line ${row.line}`, reader.wrong)
  }
  return { contracts, problems: problems.report() }
}

function contractOf(reader: RowReader<Column>): Contract {
  const [from_ms, to_ms] = [reader.neededTime('from'), reader.time('to')]
  const [rate, fee] = [reader.number('rate', MONEY), reader.number('fee', MONEY)]
  const currency = reader.needed('currency').toUpperCase()
  if (to_ms !== null && to_ms <= from_ms) reader.refuse('ends before it begins; correct from or to')
  if ((rate === null) === (fee === null))
    reader.refuse('give either rate (per device hour) or fee (for the whole time)')
  if (fee !== null && to_ms === null)
    reader.refuse('has a flat fee for a time without an end: give to')
  if (!/^[A-Z]{3}$/.test(currency)) reader.refuse('currency is a code such as USD or CNY')
  const devices = reader.whole('devices', { min: 1, max: 1e7 })
  if (devices === null) reader.refuse('devices is empty; how many?')
  return {
    id: reader.needed('id'),
    tenant: reader.needed('tenant'),
    model: reader.needed('model', 256),
    pool: reader.text('pool'),
    devices: devices ?? 1,
    from_ms,
    to_ms,
    rate_per_hour: rate,
    flat_fee: fee,
    currency,
  }
}
