import type { ReportFormat } from '#schemas/report/format.ts'

/**
 * The model itself, in both languages whatever was asked for: programs take figures, and words for people are beside
 * them. Begins with week, revision, from, to, utilization, coverage, definition.
 */
export const jsonFormat: ReportFormat = {
  name: 'json',
  mediaType: 'application/json; charset=utf-8',
  extension: 'json',
  render: (model) => Promise.resolve(Buffer.from(`${JSON.stringify(model, null, 1)}\n`)),
}
