import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { DEVICE_METRICS } from '#schemas/metrics.ts'
import { openPages } from '../../collector/sources/dcgm-exporter/columns.ts'
import source from '../../collector/sources/dcgm-exporter/source.ts'
import type { Source } from '../../collector/source.ts'
import { matrixOf, pastSeries, type PrometheusSeries } from './prometheus.testing.ts'
import { readMatrix } from './prometheus-answer.ts'
import type { PastSource } from './prometheus-job.ts'
import { createPastExporter } from './prometheus-readings.ts'

/** Columns must say of every instant what the source says of the page's text. */

const CASES = join(import.meta.dirname, '../../collector/sources/dcgm-exporter/testcases')
const INSTANTS = 24
const STEP_S = 60
const START_S = 1_777_593_600
const LINE = /^(\w+)\{(.*)\} (\S+)$/
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g
/** Blanks, garbage, and numbers that are of one unit or another. */
const WORDS = [
  '0',
  '1',
  '1.000000',
  '-1',
  '57',
  '0.57',
  '100',
  '700',
  '1980',
  '1.98e+09',
  '40960',
  '42949672960',
  '2147483632',
  '4294967295',
  '9223372036854775792',
  '140737488355328',
  'NaN',
  '+Inf',
  '-0',
] as const

const config = source.config.parse({})
/** The source as the import has it, which does not know its options. */
const anySource: Source = {
  name: source.name,
  transport: source.transport,
  defaultIntervalMs: source.defaultIntervalMs,
  config: z.unknown(),
  expects: source.expects,
  recognize: (bytes) => source.recognize(bytes),
  interpret: (bytes) => source.interpret(bytes),
  detect: (io, _, node) => source.detect(io, config, node),
  read: (context) => source.read({ ...context, config }),
}

interface Line {
  readonly labels: Readonly<Record<string, string>>
  readonly value: string
}

function linesIn(page: string): Line[] {
  return page.split('\n').flatMap((line) => {
    const [, name, text = '', value = ''] = LINE.exec(line) ?? []
    if (name === undefined) return []
    const own = [...text.matchAll(LABEL)].map(([, label = '', word = '']) => [label, word])
    return [{ labels: { ...Object.fromEntries(own), __name__: name }, value }]
  })
}

/** What becomes of a page's lines over time: gaps, new labels, copies, blanks, other units. */
function historyOf(lines: readonly Line[], seed: number): PrometheusSeries[] {
  let state = seed >>> 0
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const word = () => WORDS[Math.floor(random() * WORDS.length)] ?? '0'
  const wild = random() * random() * 0.5
  const silent = Math.floor(random() * INSTANTS * 2)
  return lines.flatMap(({ labels, value }) => {
    const [gapAt, gap] = [Math.floor(random() * INSTANTS), random() < 0.1 ? 3 : 0]
    const movesAt = random() < 0.05 ? Math.floor(random() * INSTANTS) : INSTANTS
    const slope = random() < 0.5 ? 0 : Math.floor(random() * 50_000)
    const points = Array.from({ length: INSTANTS }, (_, at): readonly [number, string] => {
      const moved = Number.isInteger(Number(value)) ? String(Number(value) + slope * at) : value
      return [START_S + at * STEP_S, random() < wild ? word() : moved]
    }).filter((_, at) => at !== silent && !(at >= gapAt && at < gapAt + gap))
    const before = points.filter(([at]) => at < START_S + movesAt * STEP_S)
    const series = [
      { labels: { ...labels, job: 'dcgm' }, values: before },
      {
        labels: { ...labels, job: 'dcgm', exported_pod: 'new' },
        values: points.slice(before.length),
      },
      ...(random() < 0.03 ? [{ labels: { ...labels, job: 'copy' }, values: points }] : []),
    ]
    return series.filter(({ values }) => values.length > 0)
  })
}

/** Everything that becomes of an exporter's answers: two of them, so that memory goes from one to the next. */
async function read(how: Omit<PastSource, 'selector'>, series: readonly PrometheusSeries[]) {
  const [fromMs, stepMs] = [START_S * 1000, STEP_S * 1000]
  const exporter = createPastExporter({ ...how, instance: 'n1:9400', cluster: 'c', stepMs })
  const rows: unknown[] = []
  for (const part of [0, 1]) {
    const half = (INSTANTS / 2) * stepMs
    const at = { fromMs: fromMs + part * half, toMs: fromMs + (part + 1) * half, stepMs }
    for await (const reading of exporter.read(readMatrix(matrixOf(series), at), at))
      for (const { device, busySource, values, offset, slots } of reading.rows) {
        const own = values.slice(offset, offset + DEVICE_METRICS.length)
        const filled = [...own.keys()].filter((slot) => !Number.isNaN(own[slot]))
        expect(slots).toEqual(expect.arrayContaining(filled))
        rows.push({ atMs: reading.atMs, node: reading.node, device, busySource, values: own })
      }
  }
  return { rows, refused: exporter.refused() }
}

async function compare(series: readonly PrometheusSeries[]): Promise<number> {
  const byText = await read({ source: anySource, config }, series)
  expect(await read({ source: anySource, config, openPages }, series)).toEqual(byText)
  return byText.rows.length
}

describe('pages as columns', () => {
  it.each(readdirSync(CASES))('say what the text says: %s', async (name) => {
    const lines = linesIn(readFileSync(join(CASES, name, 'input.prom'), 'utf8'))
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0 }), async (seed) => {
        await compare(historyOf(lines, seed))
      }),
      { numRuns: 8 },
    )
  })

  it('say it of plain nodes, every value of every device', async () => {
    const minutes = { from: START_S / 60, to: START_S / 60 + INSTANTS }
    expect(await compare(pastSeries(1, minutes))).toBe(8 * INSTANTS)
  })
})
