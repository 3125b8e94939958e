import type { PueAnswer } from '#schemas/api-facility.ts'
import type { CsvCell } from '#lib/csv.ts'

/** The table of periods as it is saved: every figure with what it stands on. */
export const PERIOD_CSV_HEADER = [
  'from',
  'to',
  'name',
  'value',
  'value_of_known',
  'lo',
  'hi',
  'coverage',
  'buckets_expected',
  'buckets_counted',
  'it_load_kw',
  'it_kwh',
  'total_kwh',
  'cooling_kwh',
  'distribution_kwh',
  'other_kwh',
  'estimated_share',
  'faulty_meters',
] as const

/** A period in which nothing counts has no energy: its fields are empty, not zero. */
export const periodCsvRows = ({ periods }: PueAnswer): CsvCell[][] =>
  periods.map((period) => {
    const energy = (kwh: number) => (period.buckets.counted === 0 ? null : kwh)
    return [
      period.from,
      period.to,
      period.name,
      period.value,
      period.value_of_known,
      period.lo,
      period.hi,
      period.coverage,
      period.buckets.expected,
      period.buckets.counted,
      period.it_load_kw,
      energy(period.kwh.it),
      energy(period.kwh.total),
      energy(period.kwh.cooling),
      energy(period.kwh.distribution),
      energy(period.kwh.other),
      period.estimated_share,
      period.faulty_meters.map(({ meter }) => meter).join(' '),
    ]
  })
