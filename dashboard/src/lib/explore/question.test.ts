import { expect, test } from 'vitest'
import type { ExploreMetric } from '#schemas/api-explore.ts'
import {
  curlOf,
  ofMetric,
  readQuestion,
  seriesUrl,
  weekBeforeUrl,
  writeQuestion,
} from './question.ts'

const address =
  'range=6h&metric=device.power_watts&stat=p95&by=model&filter=hall%3Aeq%3Ah1&filter=node%3Aprefix%3Ah1-r02&week=1&hide=H100'
const question = readQuestion(new URLSearchParams(address))
const asked = { fromMs: 604_800_000, toMs: 608_400_000, points: 240 }

test('an address is the whole view and is written as it was read', () => {
  expect(question).toMatchObject({ stat: 'p95', groupBy: 'model', week: true, hidden: ['H100'] })
  expect(String(writeQuestion(question))).toBe(address)
  expect(
    String(writeQuestion(readQuestion(new URLSearchParams('stat=x&filter=y&filter=a:b:c')))),
  ).toBe('')
})

test('another metric keeps what it has', () => {
  const node = {
    name: 'node.load_1m',
    stats: ['avg', 'max'],
    fields: ['hall', 'node'],
  } satisfies Partial<ExploreMetric>
  const full: ExploreMetric = {
    ...node,
    family: 'node',
    label: { en: '', zh: '' },
    text: { en: '', zh: '' },
    unit: 'count',
    kind: 'gauge',
    stats: ['avg', 'max'],
  }
  expect(
    ofMetric(
      { ...question, filters: [...question.filters, { field: 'tenant', op: 'eq', value: 'a' }] },
      full,
    ),
  ).toMatchObject({
    stat: 'avg',
    groupBy: '',
    filters: question.filters,
    hidden: [],
  })
})

test('a week before asks for the same groups, and the command for what is shown without a token in it', () => {
  const url = new URL(weekBeforeUrl(question, asked, ['H100', 'H200']), 'http://x')
  expect(url.searchParams.getAll('filter')).toEqual([
    'hall:eq:h1',
    'node:prefix:h1-r02',
    'model:in:H100,H200',
  ])
  expect(url.searchParams.get('from')).toBe('0')
  expect(weekBeforeUrl(question, asked, ['a,b'])).not.toContain('in%3A')
  const command = curlOf('https://fleet.example', seriesUrl(question, asked))
  expect(command).toContain(
    "'https://fleet.example/api/v1/explore/series?metric=device.power_watts&stat=p95",
  )
  expect(command).toContain('Bearer <TOKEN>')
  expect(curlOf('', "/x?filter=node:eq:o'neil")).toContain("o'\\''neil")
})
