import type { DeviceStateInterval } from '#schemas/journal.ts'
import { DEVICE_COLUMNS, type DeviceColumn, deviceCells, shownDevice } from './device-cells.ts'
import { plainName } from './inventory-columns.ts'
import { Problems, type ProblemReport } from './problems.ts'
import { type Columns, readTable, RowReader } from './table.ts'

type Column = DeviceColumn | ('state' | 'from' | 'to' | 'reason' | 'ticket' | 'waiting' | 'eta')

const COLUMNS: Columns<Column> = {
  ...DEVICE_COLUMNS,
  state: ['status', '状态'],
  from: ['start', 'since', 'begin', '开始'],
  to: ['end', 'until', '结束'],
  reason: ['why', 'cause', '原因'],
  ticket: ['issue', 'case', 'rma', '工单'],
  waiting: ['waitingon', 'waitsfor', '等待'],
  eta: ['expected', 'expectedback', '预计'],
}

/** Words that sites write for a state, as `plainName` leaves them; such a word is also the reason if none is given. */
const STATE_WORDS: ReadonlyMap<string, DeviceStateInterval['state']> = new Map([
  ...words('failed', ['fault', 'faulty', 'broken', 'rma', '故障']),
  ...words('drained', ['drain', 'maintenance', 'curtailment', 'poweredoff', 'planned', '维护']),
  ...words('verification', ['burnin', 'acceptance', 'healthcheck', 'test', '验证']),
])

function words<State extends string>(state: State, others: readonly string[]) {
  return [state, ...others].map((word): readonly [string, State] => [word, state])
}

/** What a file of states says. */
export interface StatesFile {
  readonly states: readonly DeviceStateInterval[]
  readonly problems: ProblemReport
}

/** Reads `states.csv`: devices that give no work although they are capacity, and why (docs/attribution.md). */
export function readStatesCsv(text: string, timeZone: string): StatesFile {
  const problems = new Problems()
  const states: DeviceStateInterval[] = []
  for (const row of readTable(text, COLUMNS, problems)) {
    const reader = new RowReader<Column>(row, timeZone)
    const state = stateOf(reader)
    if (reader.wrong === null) states.push(state)
    else problems.refuse(`line ${row.line}`, reader.wrong)
  }
  return { states, problems: problems.report() }
}

function stateOf(reader: RowReader<Column>): DeviceStateInterval {
  const device = deviceCells(reader)
  // A state of one device needs its key: indices move when a board is taken out.
  if (device.key === '' && device.index !== null)
    reader.refuse(
      `says ${shownDevice(device)}, but an index can move while a device is away; give its uuid or serial, or the node alone`,
    )
  const [from_ms, to_ms] = [reader.neededTime('from'), reader.time('to')]
  if (to_ms !== null && to_ms < from_ms) reader.refuse('ends before it begins; correct from or to')
  const written = reader.needed('state')
  const state = STATE_WORDS.get(plainName(written))
  if (state === undefined)
    reader.refuse(`state ${JSON.stringify(written)} is none of failed, drained, verification`)
  const reason = reader.text('reason', 128)
  return {
    state: state ?? 'failed',
    key: device.key,
    node: device.key === '' ? device.node : '',
    from_ms,
    to_ms,
    reason: reason === '' ? written.toLowerCase() : reason,
    ticket: reader.text('ticket'),
    waiting_on: reader.text('waiting'),
    eta_ms: reader.time('eta'),
  }
}
