import { z } from 'zod'
import {
  CurrencyRate,
  EfficiencyReference,
  ElectricityPrice,
  JOURNAL_ROWS_MAX,
  PriceLine,
} from '#schemas/journal.ts'
import { readTime } from './local-time.ts'
import { Problems, type ProblemReport } from './problems.ts'
import { readYaml } from './yaml-document.ts'

const at = z.string().min(1).max(64)
/** YAML may read a bare year or a date as another type: times are texts here. */
const list = <Row extends z.ZodType>(row: Row) => z.array(row).max(JOURNAL_ROWS_MAX).default([])

const clockTime = z
  .string()
  .regex(/^([01]?\d|2[0-3]):[0-5]\d$/, 'a time of day such as "08:00", in quotes')

const PricesFile = z.strictObject({
  lines: list(PriceLine.omit({ from_ms: true }).extend({ from: at })),
  currencies: list(CurrencyRate.omit({ from_ms: true }).extend({ from: at })),
  electricity: list(
    ElectricityPrice.omit({ from_ms: true, periods: true }).extend({
      from: at,
      periods: z
        .array(z.strictObject({ at: clockTime, per_kwh: z.number().min(0) }))
        .min(1)
        .max(48),
    }),
  ),
})

const ReferencesFile = z.strictObject({
  references: list(
    EfficiencyReference.omit({ from_ms: true, class: true, model: true }).extend({
      from: at,
      class: z.string().max(256).default(''),
      model: z.string().max(256).default(''),
    }),
  ),
})

/** The price book, dated. */
export interface PricesDocument {
  readonly lines: readonly PriceLine[]
  readonly currencies: readonly CurrencyRate[]
  readonly electricity: readonly ElectricityPrice[]
  readonly problems: ProblemReport
}

/**
 * Reads `prices.yaml` (docs/attribution.md): lines per model and pool, rates of currencies, electricity by time of
 * day. Times without an offset are local to `timeZone`. Two lines that say the same thing from the same moment are
 * refused the second time. Throws E_IMPORT_INVALID with file and line.
 */
export function readPrices(
  text: string,
  { file, timeZone }: { readonly file: string; readonly timeZone: string },
): PricesDocument {
  const { data, where } = readYaml(text, PricesFile, file)
  const problems = new Problems()
  const once = createOnce(timeZone, problems)
  const lines = data.lines.flatMap(({ from, ...line }, index) =>
    once(where('lines', index), from, [line.model, line.pool]).map((from_ms) => ({
      ...line,
      from_ms,
    })),
  )
  const currencies = data.currencies.flatMap(({ from, ...rate }, index) =>
    once(where('currencies', index), from, ['rate', rate.currency]).map((from_ms) => ({
      ...rate,
      from_ms,
    })),
  )
  const electricity = data.electricity.flatMap(({ from, periods, currency }, index) =>
    once(where('electricity', index), from, ['electricity']).map((from_ms) => ({
      from_ms,
      currency,
      periods: periods
        .map((period) => ({ from_minute: minuteOf(period.at), per_kwh: period.per_kwh }))
        .toSorted((a, b) => a.from_minute - b.from_minute),
    })),
  )
  const known = new Set(['USD', ...currencies.map(({ currency }) => currency)])
  const unknown = new Set(
    [...lines, ...electricity].map(({ currency }) => currency).filter((code) => !known.has(code)),
  )
  for (const code of unknown)
    problems.note('currencies', `no rate of ${code} in US dollars: such prices stay unpriced`)
  return { lines, currencies, electricity, problems: problems.report() }
}

/** Expected effective shares, dated. */
export interface ReferencesDocument {
  readonly references: readonly EfficiencyReference[]
  readonly problems: ProblemReport
}

/** Reads `references.yaml`: from when on which effective share a class is expected to reach on a model. */
export function readReferences(
  text: string,
  { file, timeZone }: { readonly file: string; readonly timeZone: string },
): ReferencesDocument {
  const { data, where } = readYaml(text, ReferencesFile, file)
  const problems = new Problems()
  const once = createOnce(timeZone, problems)
  const references = data.references.flatMap(({ from, ...reference }, index) =>
    once(where('references', index), from, [reference.class, reference.model]).map((from_ms) => ({
      ...reference,
      from_ms,
    })),
  )
  return { references, problems: problems.report() }
}

/** Reads the moment of an entry; [] when it cannot be read, or the same thing was said from that moment on already. */
function createOnce(timeZone: string, problems: Problems) {
  const seen = new Map<string, string>()
  return (where: string, from: string, what: readonly string[]): number[] => {
    const read = readTime(from, timeZone)
    if ('wrong' in read) {
      problems.refuse(where, `from ${JSON.stringify(from)} ${read.wrong}`)
      return []
    }
    const key = JSON.stringify([read.ms, ...what])
    const first = seen.get(key)
    if (first === undefined) seen.set(key, where)
    else problems.refuse(where, `says the same from the same moment on as ${first}; keep one`)
    return first === undefined ? [read.ms] : []
  }
}

function minuteOf(text: string): number {
  const [hours = '0', minutes = '0'] = text.split(':')
  return Number(hours) * 60 + Number(minutes)
}
