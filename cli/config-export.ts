import { stringify } from 'yaml'
import type { Contract, JournalBody } from '#schemas/journal.ts'

/** Kinds of the journal that are whole documents, and no file has. */
export const EXPORTED_KINDS = ['owners', 'prices', 'references', 'contracts'] as const
export type ExportedKind = (typeof EXPORTED_KINDS)[number]
export type ExportedBody = Extract<JournalBody, { kind: ExportedKind }>

/** A file that `plimsoll import <kind>` reads back to the same document. */
export interface ExportedFile {
  readonly name: string
  readonly text: string
}

/** Importers take no earlier moment: it is before any accelerator. */
const FIRST_MS = Date.UTC(1990, 0, 1)
const HEAD = (kind: ExportedKind) =>
  `# Written by plimsoll config export; plimsoll import ${kind} reads it back. Times are UTC.\n`

/** The document as the file that its importer reads. */
export function exportedFile(body: ExportedBody): ExportedFile {
  if (body.kind === 'contracts')
    return { name: 'contracts.csv', text: contractsCsv(body.contracts) }
  return { name: `${body.kind}.yaml`, text: HEAD(body.kind) + stringify(plainOf(body)) }
}

const momentOf = (ms: number) => new Date(Math.max(ms, FIRST_MS)).toISOString()

function plainOf(body: Exclude<ExportedBody, { kind: 'contracts' }>): object {
  if (body.kind === 'owners') return { owners: body.owners }
  const dated = <Row extends { readonly from_ms: number }>({ from_ms, ...row }: Row) => ({
    from: momentOf(from_ms),
    ...row,
  })
  if (body.kind === 'references') return { references: body.references.map(dated) }
  return {
    lines: body.lines.map(dated),
    currencies: body.currencies.map(dated),
    electricity: body.electricity.map(({ from_ms, currency, periods }) => ({
      from: momentOf(from_ms),
      currency,
      periods: periods.map(({ from_minute, per_kwh }) => ({ at: timeOfDay(from_minute), per_kwh })),
    })),
  }
}

const timeOfDay = (minute: number) =>
  [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':')

function contractsCsv(contracts: readonly Contract[]): string {
  const header = 'id,tenant,model,pool,devices,from,to,rate,fee,currency'
  const lines = contracts.map((contract) =>
    [
      contract.id,
      contract.tenant,
      contract.model,
      contract.pool,
      contract.devices,
      momentOf(contract.from_ms),
      contract.to_ms === null ? '' : momentOf(contract.to_ms),
      contract.rate_per_hour ?? '',
      contract.flat_fee ?? '',
      contract.currency,
    ]
      .map((cell) => cellOf(String(cell)))
      .join(','),
  )
  return `${[header, ...lines].join('\n')}\n`
}

const cellOf = (text: string) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)
