import * as fc from 'fast-check'
import { extractText, getDocumentProxy } from 'unpdf'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import type { Figure } from '#schemas/report/figure.ts'
import type { ReportLanguage } from '#schemas/report/format.ts'
import type { ReportModel } from '#schemas/report/model.ts'
import type { Section, Table } from '#schemas/report/section.ts'
import { exampleReport } from '../example.testing.ts'
import { figure } from '../round.ts'
import { both, said } from '../words.ts'
import { placedBars } from './bars.ts'
import { heatDays, levelOf } from './heat.ts'
import { HTML_BYTES_MAX, htmlFormat } from './html/html.ts'
import { pdfFormat } from './pdf/pdf.ts'

const model = exampleReport()
const decoded = async (given: ReportModel, language: ReportLanguage) =>
  new TextDecoder().decode(await htmlFormat.render(given, language))
/** What a reader sees of a page. */
const seen = (html: string) =>
  html
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll('&nbsp;', ' ')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll(/\s+/g, ' ')
const pagesOf = async (bytes: Uint8Array) => {
  const { totalPages, text } = await extractText(await getDocumentProxy(new Uint8Array(bytes)), {
    mergePages: false,
  })
  return { totalPages, text: text.map((page) => page.replaceAll(/\s+/g, ' ')) }
}

/** Every figure that a reader must find, as it is printed. */
function printedFigures(given: ReportModel): string[] {
  const cells = given.sections.flatMap(({ tables }) =>
    tables.flatMap(({ rows, total }) =>
      [...rows, ...(total === null ? [] : [total])].flatMap((row) => Object.values(row)),
    ),
  )
  const figures = cells.filter((cell): cell is Figure => typeof cell === 'object' && 'text' in cell)
  return [
    ...figures.map(({ text }) => text),
    ...given.waterfall.map(({ gpu_hours }) => gpu_hours.text),
    ...given.waterfall.flatMap(({ usd }) => (usd === null ? [] : said(usd, 'en'))),
    ...given.page.actions.map(({ promised }) => said(promised, 'en')),
  ]
}

/** As large as a report can get: every table full, a month of hours. */
function largeReport(): ReportModel {
  const [hour] = model.heat_map
  const [tenants] = model.sections.flatMap(({ tables }) => tables)
  const [row] = tenants?.rows ?? []
  if (hour === undefined || tenants === undefined || row === undefined)
    throw new Error('no example')
  const full: Table = { ...tenants, rows: Array.from({ length: 100 }, () => row), total: row }
  const sections = model.sections.map((one): Section => ({
    ...one,
    state: 'known',
    tables: [full, { ...full, id: 'again' }],
  }))
  const heat_map = Array.from({ length: 745 }, (_, at) => ({
    ...hour,
    local_date: `2026-10-${String(1 + Math.floor(at / 24)).padStart(2, '0')}`,
    local_hour: at % 24,
  }))
  return { ...model, kind: 'month', sections, heat_map }
}

describe('HTML', () => {
  it('shows every figure as it is printed, in both languages', async () => {
    const [en, zh] = [seen(await decoded(model, 'en')), seen(await decoded(model, 'zh'))]
    for (const text of printedFigures(model)) {
      expect(en).toContain(text)
      expect(zh).toContain(text)
    }
    for (const words of [model.page.verdict, model.page.cause_line, model.page.data_line]) {
      expect(en).toContain(words.en)
      expect(zh).toContain(words.zh)
    }
    expect(seen(await decoded(model, 'both'))).toContain(model.page.verdict.zh)
  })

  it('is one page without scripts, addresses or style sheets, and names are no markup', async () => {
    const evil = '<img src=x onerror=alert(1)>"&'
    const html = await decoded({ ...model, site: evil }, 'both')
    expect(html).not.toMatch(/<(script|link|style|img|iframe|object|svg)\b|https?:|url\(|@import/i)
    expect(seen(html)).toContain(evil)
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/)
    expect(html).toContain('<div lang="zh-CN">')
  })

  it('stays under what mail programs show, counts what it leaves out, and keeps the first page', async () => {
    for (const language of ['en', 'both'] as const) {
      const html = await decoded(largeReport(), language)
      expect(Buffer.byteLength(html)).toBeLessThan(HTML_BYTES_MAX)
      expect(seen(html)).toContain(model.page.verdict.en)
      expect(seen(html)).toMatch(/\d\d more in the spreadsheet/)
    }
  })

  it('names a unit once, and says of a table without rows that there was nothing', async () => {
    const [one] = model.sections.flatMap(({ tables }) => tables)
    if (one === undefined) throw new Error('the example has a table')
    const columns = [
      { id: 'held', title: both('GPU-hours', '卡时'), unit: 'gpu_hours' as const },
      { id: 'idle', title: both('Idle', '空闲'), unit: 'gpu_hours' as const },
    ]
    const row = { held: figure('gpu_hours', 7), idle: figure('gpu_hours', 2) }
    const tables: Table[] = [
      { ...one, columns, rows: [row], total: null },
      { ...one, title: both('Gaps', '中断'), rows: [], total: null },
    ]
    const [any] = model.sections
    if (any === undefined) throw new Error('the example has sections')
    const quality: Section = { ...any, state: 'known', tables }
    const given = { ...model, sections: [quality] }
    const page = seen(await decoded(given, 'en'))
    expect(page).toContain('GPU-hours Idle (GPU-hours)')
    expect(page).toContain('Gaps None in this period.')
    const { text } = await pagesOf(await pdfFormat.render(given, 'zh'))
    expect(text.join(' ')).toContain('本期无')
    const unknown = { ...given, sections: [{ ...quality, state: 'not_known' as const }] }
    expect(seen(await decoded(unknown, 'en'))).toContain('Gaps Nothing is known of this.')
  })

  it('marks and names holidays', async () => {
    const [en, zh] = [seen(await decoded(model, 'en')), seen(await decoded(model, 'zh'))]
    expect(en).toContain('11-18 ◆')
    expect(en).toContain('◆ 18 Nov Founding day')
    expect(zh).toContain('◆ 11 月 18 日 建厂日')
    expect(seen(await decoded({ ...model, holidays: [] }, 'en'))).not.toContain('◆')
  })

  it('says simulated, draft and revision', async () => {
    expect(seen(await decoded(model, 'en'))).toContain('SIMULATED: these devices do not exist')
    const draft = seen(await decoded({ ...model, revision: 0, simulated: false }, 'en'))
    expect(draft).toContain('Draft: not issued')
    expect(draft).not.toContain('SIMULATED')
    const changed = {
      what: both('Busy', '忙碌率'),
      before: figure('percent', 0.71),
      after: figure('percent', 0.714),
      why: both('late data of 18 Nov', '11 月 18 日的迟到数据'),
    }
    const revised = seen(await decoded({ ...model, revision: 2, changes: [changed] }, 'en'))
    expect(revised).toMatch(
      /· r2 .*What this revision changed.*Busy 71\.0 % 71\.4 % late data of 18 Nov/,
    )
  })
})

describe('PDF', () => {
  let english: Uint8Array
  beforeAll(async () => {
    english = await pdfFormat.render(model, 'en')
  })

  it('holds every figure as real text, in both languages', async () => {
    const [en, zh] = [await pagesOf(english), await pagesOf(await pdfFormat.render(model, 'zh'))]
    const [all, chinese] = [en.text.join(' '), zh.text.join(' ').replaceAll(' ', '')]
    for (const text of printedFigures(model)) expect(all).toContain(text)
    expect(en.text[0]).toContain(model.page.verdict.en.slice(0, 60))
    expect(chinese).toContain(model.page.cause_line.zh.replaceAll(' ', ''))
    expect(en.text.every((page, at) => page.includes(`Page ${at + 1} of ${en.totalPages}`))).toBe(
      true,
    )
    expect(all).toContain('◆ 18 Nov Founding day')
    // The first page is one page: the appendix begins on the next.
    expect(en.text[1]).toMatch(/^Where the hours went/)
  })

  it('is the same bytes on another day', async () => {
    vi.useFakeTimers({ now: Date.UTC(2031, 1, 2, 3, 4, 5), toFake: ['Date'] })
    const later = await pdfFormat.render(exampleReport(), 'en').finally(() => vi.useRealTimers())
    expect(Buffer.from(english).equals(Buffer.from(later))).toBe(true)
  })

  it('of the largest report is below a megabyte, its tables with their heads on every page', async () => {
    const bytes = await pdfFormat.render(largeReport(), 'en')
    expect(bytes.length).toBeLessThan(1_000_000)
    const { totalPages, text } = await pagesOf(bytes)
    expect(totalPages).toBeGreaterThan(20)
    const within = text.filter((page) => page.includes('Idle for hours at night'))
    expect(within.every((page) => page.includes('Held (GPU-hours)'))).toBe(true)
  })
})

describe('charts', () => {
  it('the bars fall from capacity to busy without a hole', () => {
    const bars = placedBars(model.waterfall)
    const steps = bars.slice(1, -1)
    for (const [at, { from, width, look }] of steps.entries()) {
      const next = steps[at + 1]
      if (next === undefined) continue
      const level = look === 'gain' ? from + width : from
      const begin = next.look === 'gain' ? next.from : next.from + next.width
      expect(begin).toBeCloseTo(level, 6)
    }
    expect(bars.at(-1)).toMatchObject({ from: 0, look: 'busy' })
  })

  it('an hour is never printed as a level that it is not in', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (utilization) => {
        const [cell] = model.heat_map
        if (cell === undefined) throw new Error('no hour')
        const [day] = heatDays([{ ...cell, local_hour: 3, utilization }])
        const hour = day?.hours[3]
        const edge = levelOf(Number(hour?.text) / 100)
        // 59.96 % is printed as 59: what is under a line never looks as if it were on it.
        if (hour?.level === 'danger') expect(edge).toBe('danger')
        if (hour?.level === 'ok') expect(edge).toBe('ok')
      }),
    )
  })

  it('an hour that comes twice shows the lower one, a day without it a hole, an unknown one no figure', () => {
    const [cell] = model.heat_map
    if (cell === undefined) throw new Error('no hour')
    const at = (local_hour: number, utilization: number | null) => ({
      ...cell,
      local_hour,
      utilization,
    })
    const [day] = heatDays([at(1, 0.8), at(1, 0.58), at(2, null)])
    expect(day?.hours[1]).toEqual({ level: 'danger', text: '58' })
    expect(day?.hours[2]).toEqual({ level: 'unknown', text: '' })
    expect(day?.hours[3]).toBeNull()
    const silent = { ...at(2, null), unknown_minutes: 60 }
    expect(heatDays([silent])[0]?.below).toMatch(/^\d+, 60 \?$/)
  })
})
