import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { describe, expect, it } from 'vitest'
import { facilityAt } from '#schemas/facility.ts'
import { JournalBody } from '#schemas/journal.ts'
import { countedTree } from '../../ingest/facility/counted.ts'
import { facilityRemarks, missingLines } from './facility-remarks.ts'
import { readFacility } from './facility-yaml.ts'
import { planFacility } from './facility.ts'

const FILE = { file: 'site.yaml', timeZone: 'Asia/Shanghai' }
const read = (text: string) => readFacility(text, FILE)
const plan = (text: string) =>
  planFacility({ ...FILE, text, format: undefined, importId: 'an-import' })
const EXAMPLE =
  /```yaml\n([\s\S]*?)```/.exec(
    readFileSync(new URL('../../docs/facility.md', import.meta.url), 'utf8'),
  )?.[1] ?? ''

const HEAD = `from: 2026-01-01
site: { name: harbour, it_level: rack }
meters:
  - list:
      - { meter: util, role: distribution, level: utility }
`

describe('the example of docs/facility.md', () => {
  it('is read as it stands there', () => {
    const { book, problems, uncovered } = read(EXAMPLE)
    expect(problems).toEqual({ refused: 0, noted: 0, examples: [] })
    expect(uncovered).toEqual([])
    expect(book.meters).toHaveLength(2 + 8 + 96 + 48 * 24 + 5 + 3)
    expect(book.sites).toMatchObject([
      { contracted_watts: 180e6, from_ms: Date.UTC(2025, 11, 31, 16) },
    ])
    expect(book.meters.find(({ meter }) => meter === 'pdu-h1-r07-b')).toMatchObject({
      parent: 'ups-2/output',
      role: 'it',
      level: 'rack',
      feed: 'B',
      hall: 'h1',
      rack: '07',
      max_watts: 140_000,
      quantum_joules: 360_000,
    })
    expect(book.meters.find(({ meter }) => meter === 'pdu-h1-r48-a/outlet/24')).toMatchObject({
      parent: 'pdu-h1-r48-a',
      rack: '48',
      level: 'outlet',
    })
  })

  it('counts feeds, racks of both feeds, and the pump of a rack as cooling', () => {
    const tree = countedTree(facilityAt(read(EXAMPLE).book, Date.UTC(2026, 5, 1)))
    const [site, hall] = tree?.scopes ?? []
    expect(site?.total.map(({ meter }) => meter)).toEqual(['util-a', 'util-b'])
    expect([site?.it.length, site?.cooling.length, site?.other.length]).toEqual([96, 5, 1])
    expect(site?.cooling.at(-1)).toMatchObject({
      row: { meter: 'pdu-h1-r07-a/outlet/31' },
      under: { meter: 'pdu-h1-r07-a' },
    })
    expect([hall?.scope, hall?.it.length, hall?.category]).toEqual(['hall:h1', 96, 3])
  })

  it('goes into the journal in entries that fit, and says what is in it', () => {
    const { bodies, summary } = plan(EXAMPLE)
    for (const body of bodies) expect(JournalBody.safeParse(body).success).toBe(true)
    expect(bodies.map(({ kind }) => kind)).toEqual(['facility', 'facility', 'facility'])
    expect(Object.fromEntries(summary)).toMatchObject({
      site: 'harbour',
      meters: 1266,
      'counted as IT (rack)': 96,
      'racks without an IT meter': 0,
    })
  })
})

describe('mistakes', () => {
  const wrong = (lines: string) => {
    try {
      plan(HEAD + lines)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
    return 'taken'
  }
  it.each([
    [
      '      - { meter: a, role: it, level: rack, parent: b }\n',
      /site\.yaml:6: a: its parent b is no meter/,
    ],
    [
      '      - { meter: util, role: it, level: rack }\n',
      /site\.yaml:6: meter util stands at line 5 already/,
    ],
    [
      '      - { meter: a, role: it, level: rack, parent: b }\n      - { meter: b, role: it, level: rack, parent: a }\n',
      /site\.yaml:6: a carries itself/,
    ],
    [
      '      - { meter: a, role: it, level: rack, parent: util }\n      - { meter: b, role: it, level: rack, parent: a }\n',
      /site\.yaml:7: b hangs on a, and both are counted as IT at level rack/,
    ],
    [
      '      - { meter: a, role: it, level: node, parent: util }\n      - { meter: b, role: it, level: rack, parent: a }\n',
      /site\.yaml:7: b \(rack\) hangs on a \(node\): power flows the other way/,
    ],
    ['      - { meter: "a{r:9..1}", role: it, level: rack }\n', /site\.yaml:6: .* runs backwards/],
    [
      '      - { meter: "a{r}", role: it, level: rack }\n',
      /site\.yaml:6: .*nothing says what \{r\} is/,
    ],
    ['      - { meter: "a{r:1..30000}", role: it, level: rack }\n', /more than 20000 names/],
    ['      - { meter: "a{r:1..2", role: it, level: rack }\n', /a place is written/],
    ['      - { meter: a, level: rack }\n', /site\.yaml:6: a: role/],
    ['      - { meter: a b, role: it, level: rack }\n', /site\.yaml:6: a b: meter/],
    ['      - { meter: a, role: it, level: rack, from: 2026-02-30 }\n', /there is no such day/],
    ['      - { meter: a, role: it, level: rack, to: 2025-01-01 }\n', /ends before it begins/],
    [
      'loops:\n  - { loop: l, units: [cdu-1], room: r1 }\n',
      /site\.yaml:7: loop l: room r1 is no meter/,
    ],
  ])('%j', (lines, message) => {
    expect(wrong(lines)).toMatch(message)
  })

  it('unknown keys, and a file without dates, are refused with their line', () => {
    expect(() => read(`${HEAD}      - { meter: a, rolle: it }\n`)).toThrow(
      /site\.yaml:6:\d+: .*rolle/,
    )
    expect(() => plan('site: { name: a, it_level: rack }\n')).toThrow(/since when is it so/)
    expect(() => plan(HEAD.replace('it_level: rack', 'it_level: rack, weather: wx'))).toThrow(
      /weather wx is no meter/,
    )
  })
})

describe('what is only incomplete', () => {
  const notes = (lines: string) => {
    const { problems } = read(HEAD + lines)
    expect(problems.refused).toBe(0)
    return problems.examples.map(({ message }) => message)
  }

  it('is noted: racks without an IT meter, feeds without a twin, meters without a parent', () => {
    const found = notes(`  - defaults: { role: it, level: rack, parent: util, hall: h1 }
    list:
      - { meter: "r{rack:1..3}-a", feed: A }
      - { meter: "r{rack:1..2}-b", feed: B }
      - { meter: r4-out, level: outlet, rack: "4" }
      - { meter: r5-a, rack: "5", feed: A, parent: "" }
`)
    expect(found).toEqual([
      '1 racks have no IT meter of level rack and are not in the sum: h1/4',
      '2 racks have fewer feeds than the others (2): h1/3/rack, h1/5/rack',
      "1 meters have no parent; their power is taken to be part of the feeds': r5-a",
    ])
  })

  it('is noted once, however many dates it lasts', () => {
    const found = notes(`  - defaults: { role: it, level: outlet, parent: util }
    list:
      - { meter: o1 }
      - { meter: o1, from: 2026-03-01, name: other }
`)
    expect(found).toHaveLength(3)
    expect(found[0]).toMatch(/no meter has role it and level rack/)
  })
})

it('a role that changes has two rows, each from its date', () => {
  const { book } = read(`${HEAD}      - { meter: it, role: it, level: rack, parent: util }
      - { meter: p, role: it, level: outlet, parent: it }
      - { meter: p, role: cooling, level: outlet, parent: it, from: 2026-05-01 }
`)
  const roleAt = (ms: number) =>
    facilityAt(book, ms).meters.find(({ meter }) => meter === 'p')?.role
  expect([roleAt(Date.UTC(2026, 3, 30)), roleAt(Date.UTC(2026, 4, 1))]).toEqual(['it', 'cooling'])
})

it('what earlier imports had and this file lacks is named', () => {
  const before = read(EXAMPLE).book
  const meters = before.meters.filter(({ meter }) => !meter.startsWith('chiller'))
  expect(missingLines(before, { ...before, meters, loops: [] })).toEqual([
    '3 meters of earlier imports are not in this file and stay in force until a row with "to" ends them: chiller-1, chiller-2, chiller-3',
    '1 loops of earlier imports are not in this file and stay in force until a row with "to" ends them: h1-liquid',
  ])
  expect(missingLines(before, before)).toEqual([])
})

it('asks a running server what was entered before, and says so where there is none', async () => {
  const { bodies } = plan(EXAMPLE)
  const entries = bodies.map((body, at) => ({ sequence: at + 1, at_ms: 0, who: 'ann', body }))
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://x')
    const from = Number(url.searchParams.get('from'))
    expect([url.pathname, url.searchParams.get('kind')]).toEqual(['/api/v1/journal', 'facility'])
    response.setHeader('content-type', 'application/json')
    const next_from = from < entries.length ? from + 1 : null
    response.end(JSON.stringify({ last: 3, entries: entries.slice(from - 1, from), next_from }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const asked = {
    server: `http://127.0.0.1:${port}`,
    token: undefined,
    nowMs: Date.UTC(2026, 5, 1),
  }
  const small = plan(HEAD.replace('util', 'util-a')).bodies
  expect(await facilityRemarks(small, asked)).toEqual([
    expect.stringMatching(
      /^1265 meters of earlier imports .*: cdu-3, chiller-1, .* and 1245 more$/,
    ),
    expect.stringMatching(/^1 loops .*: h1-liquid$/),
  ])
  expect(await facilityRemarks(bodies, asked)).toEqual([])
  server.close()
  await once(server, 'close')
  expect(await facilityRemarks(bodies, asked)).toEqual([
    expect.stringMatching(/^not compared with what is there: nothing answers/),
  ])
  expect(await facilityRemarks([], asked)).toEqual([])
})
