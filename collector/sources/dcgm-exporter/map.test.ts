import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseLabelBlock } from './labels.ts'
import { LINK_FIELDS } from './link-map.ts'
import { FIELDS } from './map.ts'
import { boardRatio } from './mig.ts'
import source from './source.ts'
import { STATED_FIELDS } from './stated.ts'

const labels = 'gpu="0",UUID="GPU-0a0b0c0d-1111-4222-8333-444455556667"'
const uuid = 'GPU-0a0b0c0d-1111-4222-8333-444455556667'
const fieldTable = join(import.meta.dirname, '../../../../shared/samples/nvidia/dcgm-fields.tsv')

describe('the field map', () => {
  it('names every field once', () => {
    expect(new Set(FIELDS.map((field) => field.name)).size).toBe(FIELDS.length)
    expect(new Set(LINK_FIELDS.map((field) => field.name)).size).toBe(LINK_FIELDS.length)
  })

  it('emits what it reads', () => {
    for (const { name, metric } of FIELDS) {
      const read = source.interpret(new TextEncoder().encode(`${name}{${labels}} 10\n`))
      expect(Object.keys(read.devices[0]?.metrics ?? {}), name).toContain(metric)
      expect(read.ignored, name).toEqual([])
    }
  })

  it('emits what it reads on the rows of links', () => {
    for (const { name, metric } of LINK_FIELDS) {
      const text = `${name}{nvlink="3",${labels}} 10\n`
      const read = source.interpret(new TextEncoder().encode(text))
      expect(read.links, name).toEqual([
        {
          node: null,
          deviceKey: `uuid:${uuid}`,
          link: 'nvlink/3',
          metrics: { [metric]: expect.any(Number) },
        },
      ])
    }
  })

  it.skipIf(!existsSync(fieldTable))(
    'reads or lists each DCGM field, the same under its old and its new name (needs ../shared)',
    () => {
      const metricOf = new Map(FIELDS.map((field) => [field.name, field.metric]))
      const linkMetricOf = new Map(LINK_FIELDS.map((field) => [field.name, field.metric]))
      const rows = readFileSync(fieldTable, 'utf8').trimEnd().split('\n').slice(1)
      for (const row of rows) {
        const [, current = '', earlier = ''] = row.split('\t')
        const before = earlier === '' ? [] : earlier.split(/[ ,;|]+/)
        for (const name of before) {
          expect(metricOf.get(name), row).toBe(metricOf.get(current))
          expect(linkMetricOf.get(name), row).toBe(linkMetricOf.get(current))
          expect(STATED_FIELDS.get(name), row).toEqual(STATED_FIELDS.get(current))
        }
        if (metricOf.has(current) || STATED_FIELDS.has(current)) continue
        const read = source.interpret(new TextEncoder().encode(`${current}{${labels}} 10\n`))
        expect(read.ignored).toEqual([current])
      }
    },
  )
})

describe('labels', () => {
  it('takes any separator, a trailing comma, blanks and unescaped quotes', () => {
    const id = `UUID="${uuid}"`
    for (const text of [
      `gpu="3",${id},pod="a"b"`,
      `gpu="3" ${id} pod="a"b"`,
      ` gpu = "3" , ${id}, pod="a"b", `,
      `gpu="3",${id},pod="a\\"b"`,
    ]) {
      const block = parseLabelBlock(text)
      expect([block?.index, block?.uuid, block?.plain?.pod]).toEqual([3, uuid, 'a"b'])
    }
  })

  it('refuses what is no list of labels', () => {
    for (const text of ['', ' ', 'gpu', 'gpu=3', 'gpu="3', '="3"', '"gpu"']) {
      expect(parseLabelBlock(text), text).toBeNull()
    }
  })

  it('knows every spelling of the same thing', () => {
    const block = parseLabelBlock(
      'GPU="1",gpu_uuid="0A0B0C0D-1111-4222-8333-444455556667",model_name="m",hostname="h",pod_name="p",pod_namespace="n",container_name="c"',
    )
    expect(block).toMatchObject({
      index: 1,
      uuid,
      model: 'm',
      host: 'h',
      plain: { pod: 'p', namespace: 'n', container: 'c' },
    })
  })

  it('takes empty values and the words for missing ones as absent', () => {
    const block = parseLabelBlock(
      'gpu="0",pod="",namespace="<<<NULL>>>",modelName="N/A",Hostname=" "',
    )
    expect(block).toMatchObject({ plain: null, model: null, host: null })
  })
})

describe('MIG shares', () => {
  const slice = (profile: string, share: number | null, value: number | null, id = '1') => ({
    partition: { id, profile, share },
    metrics: { gr_engine_active_ratio: value },
  })
  const ratio = (...slices: ReturnType<typeof slice>[]) =>
    boardRatio('gr_engine_active_ratio', slices)

  it('weighs instances and never forces a board to 100 %', () => {
    expect(ratio(slice('3g.40gb', 3 / 7, 1))).toBeCloseTo(3 / 7, 12)
    expect(
      ratio(...Array.from({ length: 7 }, (_, n) => slice('1g.10gb', 1 / 7, 1, `${n}`))),
    ).toBeCloseTo(1, 12)
  })

  it('says nothing where an instance says nothing or shares do not fit', () => {
    expect(ratio(slice('3g.40gb', 3 / 7, 1), slice('2g.20gb', 2 / 7, null, '2'))).toBeNull()
    expect(ratio(slice('?', null, 0.5))).toBeNull()
    expect(ratio(slice('7g.80gb', 1, 1), slice('1g.10gb', 1 / 7, 1, '2'))).toBe(
      'shares_exceed_device',
    )
  })

  it('counts an instance once where its compute instances have rows too', () => {
    expect(
      ratio(
        slice('3g.71gb', 3 / 7, 0.5, '2/3g.71gb'),
        slice('1c.3g.71gb', 1 / 7, 1, '2/1c.3g.71gb'),
      ),
    ).toBeCloseTo(1.5 / 7, 12)
  })
})
