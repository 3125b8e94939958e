import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { extractText, getDocumentProxy } from 'unpdf'
import { expect, it } from 'vitest'
import { ReportModel } from '#schemas/report/model.ts'
import { exampleReport } from './example.testing.ts'
import { saidWithoutSign } from './words.ts'

it('the example is a report, and its JSON begins as programs rely on', () => {
  const first = Object.keys(exampleReport()).slice(0, 7)
  expect(first).toEqual(['week', 'revision', 'from', 'to', 'utilization', 'coverage', 'definition'])
})

it('the files of docs/examples are one report: its page and its PDF have the figures of its JSON', async () => {
  const file = (name: string) =>
    readFile(join(import.meta.dirname, '..', 'docs', 'examples', `report-2026-W47${name}`))
  const model = ReportModel.parse(JSON.parse((await file('.json')).toString('utf8')))
  expect([model.week, model.state, model.versus?.week]).toEqual(['2026-W47', 'whole', '2026-W46'])
  const figures = model.page.numbers.filter(({ figure }) => figure.value !== null)
  expect(figures.length).toBeGreaterThan(6)
  expect(figures.length).toBeLessThanOrEqual(12)
  for (const language of ['en', 'zh'] as const) {
    const html = (await file(`-${language}.html`)).toString('utf8')
    const pdf = await getDocumentProxy(new Uint8Array(await file(`-${language}.pdf`)))
    const { text } = await extractText(pdf, { mergePages: false })
    const [first = ''] = text.map((page) => page.replaceAll(/\s+/g, ' '))
    for (const { name, figure } of figures) {
      // `7 h 5 min`; in `73.4-73.5 %` the first has no unit.
      const shown = [saidWithoutSign(figure, language), figure.text.replace(/^[+-]/, '')]
      for (const page of [html, first])
        expect(
          shown.some((text) => page.includes(text)),
          name,
        ).toBe(true)
    }
  }
})
