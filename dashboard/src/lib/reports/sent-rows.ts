import type { ReportDeliveries, ReportDeliveryItem } from '#schemas/api-reports.ts'

/** A recipient and one revision of a period; null = nothing of it was sent there yet. */
export interface SentRow {
  readonly recipient: string
  readonly item: ReportDeliveryItem | null
}

/** All recipients in the order of the file, then those who are there no more but got something of the period. */
export function sentRows(
  { recipients, deliveries }: Pick<ReportDeliveries, 'recipients' | 'deliveries'>,
  week: string,
): SentRow[] {
  const own = deliveries.filter((item) => item.week === week)
  const named = recipients.map(({ recipient }) => recipient)
  const gone = own.map(({ recipient }) => recipient).filter((one) => !named.includes(one))
  return [...named, ...new Set(gone)].flatMap((recipient): SentRow[] => {
    const items = own
      .filter((item) => item.recipient === recipient)
      .toSorted((a, b) => b.revision - a.revision)
    return items.length === 0
      ? [{ recipient, item: null }]
      : items.map((item) => ({ recipient, item }))
  })
}
