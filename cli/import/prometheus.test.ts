import { describe, expect, it } from 'vitest'
import { chunksOf } from './prometheus-job.ts'
import { linesOf, pageText, runsOf } from './prometheus-pages.ts'
import { sourcesOf } from './prometheus-sources.ts'
import { matrixOf } from './prometheus.testing.ts'
import { readMatrix } from './prometheus-answer.ts'
import { spanOf } from './prometheus.ts'

const NOW = Date.UTC(2026, 4, 31, 12, 0, 42)
const asked = (options: Readonly<Record<string, string>>) =>
  spanOf({ option: (name) => options[name] }, NOW)

describe('what is asked of Prometheus', () => {
  it('is the last 30 days by minutes, or what is given, on whole steps', () => {
    const minute = Date.UTC(2026, 4, 31, 12)
    expect(asked({})).toEqual({ fromMs: minute - 30 * 86_400_000, toMs: minute, stepMs: 60_000 })
    expect(asked({ from: '-2h', to: '2026-05-31T19:00+08:00', step: '15' })).toEqual({
      fromMs: Date.UTC(2026, 4, 31, 10, 0, 30),
      toMs: Date.UTC(2026, 4, 31, 11),
      stepMs: 15_000,
    })
  })

  it('refuses times without a zone, spans without a length and steps that do not fit', () => {
    expect(() => asked({ from: '2026-05-01' })).toThrow('--from 2026-05-01: give -30d')
    expect(() => asked({ from: '-1h', to: '-2h' })).toThrow('--from is not before --to')
    expect(() => asked({ step: '7' })).toThrow('--step 7: seconds that divide 60')
  })

  it('comes in chunks of a day of UTC, shorter where a series would have too many points', () => {
    const hour = 3_600_000
    const at = Date.UTC(2026, 4, 1, 22)
    expect(chunksOf({ fromMs: at, toMs: at + 27 * hour, stepMs: 60_000 })).toEqual([
      { fromMs: at, toMs: at + 2 * hour, stepMs: 60_000 },
      { fromMs: at + 2 * hour, toMs: at + 26 * hour, stepMs: 60_000 },
      { fromMs: at + 26 * hour, toMs: at + 27 * hour, stepMs: 60_000 },
    ])
    const fine = chunksOf({ fromMs: 0, toMs: 24 * hour, stepMs: 1_000 })
    expect(Math.max(...fine.map(({ fromMs, toMs }) => (toMs - fromMs) / 1_000))).toBeLessThan(
      11_000,
    )
  })

  it('names the series of each source, with the matchers of the command line', async () => {
    const plain = { mapping: undefined, names: undefined, match: ['cluster="east"'] }
    const sources = await sourcesOf(plain)
    expect(sources.map(({ source, selector }) => [source.name, selector])).toEqual([
      ['dcgm-exporter', '{__name__=~"DCGM_(FI|EXP)_.+",cluster="east"}'],
      ['npu-exporter', '{__name__=~"(npu_|machine_npu_|vnpu_|container_npu_).+",cluster="east"}'],
    ])
    const mapped = await sourcesOf({ mapping: 'node-exporter', names: 'node_.+', match: [] })
    expect(mapped[2]?.selector).toBe('{__name__=~"node_.+"}')
  })

  it('refuses a matcher that would say more, a mapping without names and one that is not there', async () => {
    const wish = { mapping: undefined, names: undefined, match: [] }
    await expect(sourcesOf({ ...wish, match: ['a="b"} or vector(1)'] })).rejects.toThrow('--match')
    await expect(sourcesOf({ ...wish, mapping: 'node-exporter' })).rejects.toThrow('needs --names')
    await expect(sourcesOf({ ...wish, mapping: 'no-such', names: 'x' })).rejects.toThrow('no-such')
  })
})

describe('a page of the past', () => {
  it('has the series that had a value at the instant, without the labels of the server', () => {
    const labels = { __name__: 'DCGM_FI_DEV_GPU_UTIL', instance: 'n1:9400', job: 'dcgm' }
    const series = [
      {
        labels: { ...labels, gpu: '1', exported_job: 'train', exported_pod: 'p"1' },
        values: [
          [60, '7'],
          [180, '9'],
        ] as const,
      },
      { labels: { ...labels, gpu: '0' }, values: [[60, '5']] as const },
    ]
    const at = { fromMs: 0, toMs: 240_000, stepMs: 60_000 }
    const lines = linesOf(readMatrix(matrixOf(series), at))
    const pages = [...runsOf(lines, 4)].map((run) => [run.from, pageText(lines, run, run.from)])
    const second = 'DCGM_FI_DEV_GPU_UTIL{gpu="1",job="train",exported_pod="p\\"1"}'
    expect(pages).toEqual([
      [1, `DCGM_FI_DEV_GPU_UTIL{gpu="0"} 5\n${second} 7\n`],
      [3, `${second} 9\n`],
    ])
  })
})
