import { PlimsollError } from '#schemas/errors.ts'
import type { JournalBody } from '#schemas/journal.ts'
import { readAllocationsCsv } from './allocations-csv.ts'
import { readContractsCsv } from './contracts-csv.ts'
import { readCosts } from './costs-yaml.ts'
import { planFacility } from './facility.ts'
import { INVENTORY_FORMATS, readInventory } from './inventory.ts'
import { readOwners } from './owners-yaml.ts'
import { allocationBodies, type ImportPlan, partsOf, wholeDocument } from './plan.ts'
import { readPrices, readReferences } from './prices-yaml.ts'
import { readStatesCsv } from './states-csv.ts'

/** A file that a person keeps, and what is said about it on the command line. */
export interface FileImport {
  readonly kind: keyof typeof PLANS
  /** Name in messages. */
  readonly file: string
  readonly text: string
  readonly format: string | undefined
  readonly pattern: string | undefined
  readonly timeZone: string
  readonly shared: boolean
  readonly importId: string
}

const PLANS = {
  inventory: planInventory,
  allocations: planAllocations,
  contracts: planContracts,
  costs: planCosts,
  facility: planFacility,
  owners: planOwners,
  prices: planPrices,
  references: planReferences,
  states: planStates,
} as const

/** True for what `plimsoll import` knows. */
export const isFileKind = (what: string): what is keyof typeof PLANS => Object.hasOwn(PLANS, what)

/** What a file would write. Throws E_IMPORT_INVALID, and E_USAGE for a format that this kind does not have. */
export const planFile = (given: FileImport): ImportPlan => PLANS[given.kind](given)

/** Formats of a kind, its default first; E_USAGE for another one. */
function formatOf<Format extends string>(given: FileImport, formats: readonly Format[]): Format {
  const [first] = formats
  const found = formats.find((format) => format === (given.format ?? first))
  if (found !== undefined) return found
  throw new PlimsollError('E_USAGE', `import ${given.kind} reads --format ${formats.join(', ')}`)
}

const distinct = <Row>(rows: readonly Row[], of: (row: Row) => string) =>
  new Set(rows.map(of).filter((value) => value !== '')).size

function planInventory(given: FileImport): ImportPlan {
  const { text, timeZone, pattern, importId } = given
  const format = formatOf(given, INVENTORY_FORMATS)
  const { devices, nodes, states, problems } = readInventory(text, { format, timeZone, pattern })
  const body = (part: Partial<Extract<JournalBody, { kind: 'inventory' }>>): JournalBody => ({
    kind: 'inventory',
    import_id: importId,
    devices: [],
    nodes: [],
    ...part,
  })
  return {
    bodies: [
      ...partsOf(nodes).map((part) => body({ nodes: part })),
      ...partsOf(devices).map((part) => body({ devices: part })),
      ...stateBodies(states, importId),
    ],
    summary: [
      ['devices', devices.length],
      ['nodes with a place', nodes.length],
      ['models', distinct(devices, ({ model }) => model)],
      ['states', states.length],
    ],
    problems,
  }
}

function planAllocations(given: FileImport): ImportPlan {
  formatOf(given, ['csv', 'squeue-json', 'scontrol', 'sacct'])
  const { allocations, problems } = readAllocationsCsv(given.text, given)
  const deviceOf = (row: (typeof allocations)[number]) =>
    row.key === '' ? `${row.node}/${row.index ?? '*'}` : row.key
  return {
    bodies: allocationBodies(given.importId, { allocations }),
    summary: [
      ['rows', allocations.length],
      ['devices or nodes', distinct(allocations, deviceOf)],
      ['holders', distinct(allocations, ({ holder }) => holder)],
      ['tenants named', distinct(allocations, ({ tenant }) => tenant)],
    ],
    problems,
  }
}

function planContracts(given: FileImport): ImportPlan {
  formatOf(given, ['csv'])
  const { contracts, problems } = readContractsCsv(given.text, given.timeZone)
  wholeDocument(given.file, contracts.length, problems)
  return {
    bodies: [{ kind: 'contracts', contracts: [...contracts] }],
    summary: [
      ['contracts', contracts.length],
      ['tenants', distinct(contracts, ({ tenant }) => tenant)],
      ['devices sold', contracts.reduce((sum, { devices }) => sum + devices, 0)],
    ],
    problems,
  }
}

function planOwners(given: FileImport): ImportPlan {
  formatOf(given, ['yaml'])
  const { owners, problems } = readOwners(given.text, given.file)
  wholeDocument(given.file, owners.length, problems)
  return {
    bodies: [{ kind: 'owners', owners: [...owners] }],
    summary: [['tenants', owners.length]],
    problems,
  }
}

function planPrices(given: FileImport): ImportPlan {
  formatOf(given, ['yaml'])
  const { problems, lines, currencies, electricity } = readPrices(given.text, given)
  wholeDocument(given.file, lines.length + currencies.length + electricity.length, problems)
  const prices = {
    lines: [...lines],
    currencies: [...currencies],
    electricity: [...electricity],
  }
  return {
    bodies: [{ kind: 'prices', ...prices }],
    summary: [
      ['price lines', lines.length],
      ['rates of currencies', currencies.length],
      ['electricity prices', electricity.length],
    ],
    problems,
  }
}

function planCosts(given: FileImport): ImportPlan {
  formatOf(given, ['yaml'])
  const { book, problems } = readCosts(given.text, given)
  const entries = book.lines.length + Number(book.go_live_ms !== null)
  wholeDocument(given.file, entries, problems)
  return {
    bodies: [{ kind: 'cost_book', book }],
    summary: [
      ['cost lines', book.lines.length],
      ['go-live', Number(book.go_live_ms !== null)],
    ],
    problems,
  }
}

function planReferences(given: FileImport): ImportPlan {
  formatOf(given, ['yaml'])
  const { references, problems } = readReferences(given.text, given)
  wholeDocument(given.file, references.length, problems)
  return {
    bodies: [{ kind: 'references', references: [...references] }],
    summary: [['references', references.length]],
    problems,
  }
}

function planStates(given: FileImport): ImportPlan {
  formatOf(given, ['csv'])
  const { states, problems } = readStatesCsv(given.text, given.timeZone)
  return {
    bodies: stateBodies(states, given.importId),
    summary: [
      ['rows', states.length],
      ['devices or nodes', distinct(states, ({ key, node }) => (key === '' ? node : key))],
      ['still so', states.filter(({ to_ms }) => to_ms === null).length],
    ],
    problems,
  }
}

type States = Extract<JournalBody, { kind: 'device_states' }>['states']

const stateBodies = (states: readonly States[number][], importId: string): JournalBody[] =>
  partsOf(states).map((part) => ({ kind: 'device_states', import_id: importId, states: part }))
