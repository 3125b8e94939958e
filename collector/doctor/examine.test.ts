import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { reading } from '../example-source.testing.ts'
import { examine, worstFirst } from './examine.ts'
import type { BusCard, Facts } from './facts.ts'
import { facts, found, read, source, target } from './facts.testing.ts'
import { exitCodeOf, FINDING_IDS, type FindingId, STATUSES } from './finding.ts'
import { renderReport } from './report.ts'

const gpu = (index: number, more: Parameters<typeof reading>[0] | object = {}) =>
  reading({
    keys: [`uuid:GPU-${index}`],
    vendor: 'nvidia',
    model: 'NVIDIA H100 80GB HBM3',
    index,
    bus: `00000000:0${index}:00.0`,
    metrics: { power_watts: 300, energy_joules_total: 1000 + index, temperature_celsius: 50 },
    ...more,
  })
const card = (index: number, more: Partial<BusCard> = {}): BusCard => ({
  address: `0000:0${index}:00.0`,
  vendor: 'nvidia',
  driver: 'nvidia',
  ...more,
})
const dcgm = (devices: Parameters<typeof read>[0], more = {}) =>
  source('dcgm-exporter', { targets: [target('dcgm-exporter', read(devices), more)] })

const statusOf = (given: Partial<Facts>, id: FindingId) =>
  found(examine(facts(given)), id).map(({ status }) => status)
const wordsOf = (given: Partial<Facts>, id: FindingId) =>
  found(examine(facts(given)), id)
    .map(({ seen }) => seen.en)
    .join('\n')

describe('every finding', () => {
  it('has a section in docs/doctor.md, and every section a finding', () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/doctor.md'), 'utf8')
    const sections = [...page.matchAll(/^### ([a-z-]+)$/gm)].map(([, id]) => id)
    expect(new Set(sections)).toEqual(new Set<string | undefined>(FINDING_IDS))
    expect(sections).toHaveLength(FINDING_IDS.length)
  })

  it('has words in both languages, and none of the other', () => {
    const bad = facts({
      cards: [card(1), card(2, { driver: null })],
      deviceFiles: [{ path: '/dev/nvidia0', vendor: 'nvidia', isUsable: false, mode: '600 0:0' }],
      sources: [dcgm([gpu(1, { failed: 'zero_filled_row' })]), dcgm([gpu(3), gpu(4)])],
      tools: [{ command: 'npu-smi', path: '/x', version: null, failure: 'timeout' }],
      inventory: { from: '--expect', total: 9, nodes: new Map() },
      clock: { service: null, peers: [{ name: 'n', offsetMs: 60_000, uncertaintyMs: 1 }] },
    })
    const open = examine(bad).filter(({ status }) => status !== 'ok')
    expect(open.length).toBeGreaterThan(6)
    for (const finding of open) {
      if (finding.status === 'ok') continue
      for (const { en, zh } of [finding.why, finding.fix]) {
        expect(zh, finding.id).toMatch(/\p{Script=Han}/u)
        expect(en, finding.id).not.toMatch(/\p{Script=Han}/u)
      }
    }
  })

  it('decides the exit code by the worst: warnings only when asked', () => {
    const warning = examine(facts())
    expect(found(warning, 'nothing-found')).toMatchObject([{ status: 'warning' }])
    expect([exitCodeOf(warning, false), exitCodeOf(warning, true)]).toEqual([0, 1])
    const problem = examine(facts({ inventory: { from: 'x', total: 1, nodes: new Map() } }))
    expect(exitCodeOf(problem, false)).toBe(1)
    expect(worstFirst(problem)[0]?.status).toBe('problem')
    expect(STATUSES.at(-1)).toBe('problem')
  })

  it('is printed without what would move the cursor or forge a line', () => {
    const page = gpu(0, { failed: 'a\u001B[2Jb\nx problem  forged\u202E' })
    const findings = examine(facts({ sources: [dcgm([page])] }))
    const text = renderReport(findings, { language: 'en', isColoured: false, tookMs: 1 })
    for (const unsafe of ['\u001B', '\u202E', '\nx problem']) expect(text).not.toContain(unsafe)
  })
})

describe('the machine', () => {
  it.each([
    [140e6, 'problem'],
    [200e6, 'warning'],
    [300e6, 'ok'],
  ])('with a memory limit of %d is %s', (memoryLimitBytes, status) => {
    const { host } = facts()
    expect(statusOf({ host: { ...host, memoryLimitBytes } }, 'memory-limit')).toEqual([status])
  })

  it('with fewer files than targets says so', () => {
    const { host } = facts()
    const many = source('dcgm-exporter', { targetsListed: 6000 })
    const given = { host: { ...host, openFilesMax: 1024 }, sources: [many] }
    expect(statusOf(given, 'open-files')).toEqual(['problem'])
    expect(statusOf({ sources: [many] }, 'open-files')).toEqual([])
  })

  it('whose device files may not be opened names them and the group', () => {
    const file = {
      path: '/dev/davinci0',
      vendor: 'ascend',
      isUsable: false,
      mode: '660 0:1000',
    } as const
    const { host } = facts()
    const given = { host: { ...host, isRoot: false, uid: 1001 }, deviceFiles: [file] }
    const [finding] = found(examine(facts(given)), 'permissions')
    expect(finding).toMatchObject({ status: 'problem', subject: 'Ascend' })
    expect(JSON.stringify(finding)).toMatch(/\/dev\/davinci0 \(660 0:1000\).*HwHiAiUser/)
  })
})

describe('the bus', () => {
  it('agrees with what the sources show', () => {
    const given = { cards: [card(1), card(2)], sources: [dcgm([gpu(1), gpu(2)])] }
    expect(statusOf(given, 'card-unread')).toEqual([])
    expect(statusOf(given, 'card-not-on-bus')).toEqual([])
  })

  it('with a card that no source shows is a problem: a lost card vanishes from every tool', () => {
    const given = { cards: [card(1), card(2)], sources: [dcgm([gpu(1)])] }
    expect(wordsOf(given, 'card-unread')).toMatch(/1 of 2 .*0000:02:00\.0/)
    expect(statusOf(given, 'card-unread')).toEqual(['problem'])
  })

  it('of a host is seen whole by a container that was given a part of it', () => {
    const { host } = facts()
    const given = { cards: [card(1), card(2)], host: { ...host, containerHint: 'docker' } }
    expect(statusOf({ ...given, sources: [dcgm([gpu(1)])] }, 'card-unread')).toEqual(['warning'])
    expect(statusOf(given, 'card-unread')).toEqual(['problem'])
  })

  it('with no source at all says which tools would read the cards', () => {
    const [finding] = found(examine(facts({ cards: [card(1)] })), 'card-unread')
    expect(JSON.stringify(finding)).toMatch(/nvidia-smi, dcgmi, dcgm-exporter/)
    expect(statusOf({ cards: [card(1)] }, 'device-files')).toEqual(['problem'])
  })

  it('counts devices whose tool names no address', () => {
    const bare = [gpu(1, { bus: null }), gpu(2, { bus: null })]
    expect(statusOf({ cards: [card(1), card(2)], sources: [dcgm(bare)] }, 'card-unread')).toEqual(
      [],
    )
    expect(
      wordsOf({ cards: [card(1), card(2), card(3)], sources: [dcgm(bare)] }, 'card-unread'),
    ).toMatch(/^1 of 3/m)
  })

  it('says what a source shows that is not on it, and leaves other machines out', () => {
    const sources = [dcgm([gpu(1), gpu(7)])]
    expect(wordsOf({ cards: [card(1)], sources }, 'card-not-on-bus')).toMatch(/07:00/)
    const remote = [dcgm([gpu(7)], { isHere: false })]
    expect(statusOf({ cards: [card(1)], sources: remote }, 'card-not-on-bus')).toEqual([])
  })

  it('forgives a card that a virtual machine has, not one without a driver', () => {
    const passed = { cards: [card(1, { driver: 'vfio-pci' })] }
    expect(statusOf(passed, 'card-unread')).toEqual([])
    expect(statusOf(passed, 'card-without-driver')).toEqual(['info'])
    expect(statusOf({ cards: [card(1, { driver: null })] }, 'card-without-driver')).toEqual([
      'problem',
    ])
  })

  it('two chips of a 300I Duo share one address and are both found', () => {
    const chips = [0, 1].map((chip) =>
      reading({ keys: [`slot:0000:01:00.0/${chip}`], vendor: 'huawei', bus: '0000:01:00.0' }),
    )
    const sources = [source('npu-smi', { targets: [target('npu-smi', read(chips))] })]
    const given = { cards: [card(1, { vendor: 'ascend' })], sources }
    expect(statusOf(given, 'card-unread')).toEqual([])
    expect(
      statusOf({ ...given, inventory: { from: 'x', total: 2, nodes: new Map() } }, 'inventory'),
    ).toEqual(['ok'])
  })
})

describe('two sources of one device', () => {
  const both = (a: object, b: object) => ({
    sources: [
      dcgm([gpu(1, { metrics: a })]),
      source('nvidia-smi', {
        transport: 'command',
        targets: [target('nvidia-smi', read([gpu(1, { metrics: b })]))],
      }),
    ],
  })
  it('that disagree about power beyond averaging are named with both values', () => {
    const given = both({ power_watts: 700 }, { power_watts: 75 })
    expect(wordsOf(given, 'sources-disagree')).toMatch(/dcgm-exporter 700 W, nvidia-smi 75 W/)
  })

  it('may differ in utilization, which they measure over other windows', () => {
    const given = both(
      { gpu_util_ratio: 0.91, power_watts: 68 },
      { gpu_util_ratio: 0.1, power_watts: 70 },
    )
    expect(statusOf(given, 'sources-disagree')).toEqual([])
  })

  it('one of which lacks a device says which', () => {
    const sources = [
      dcgm([gpu(1)]),
      source('nvidia-smi', { targets: [target('nvidia-smi', read([gpu(1), gpu(2)]))] }),
    ]
    const [finding] = found(examine(facts({ sources })), 'seen-by-one')
    expect(finding).toMatchObject({ status: 'warning', subject: expect.stringMatching(/^dcgm/) })
    expect(finding?.seen.en).toMatch(/^1 \/ 2 .*GPU-2/)
  })
})

describe('the inventory', () => {
  const node = (count: number, keys: string[] = []) => ({
    from: 'list.txt',
    total: null,
    nodes: new Map([['me', { count, keys }]]),
  })
  it('finds a missing card by count and by key, with or without its kind', () => {
    const sources = [dcgm([gpu(1)])]
    expect(statusOf({ sources, inventory: node(2) }, 'inventory')).toEqual(['problem'])
    expect(statusOf({ sources, inventory: node(1, ['GPU-1']) }, 'inventory')).toEqual(['ok'])
    expect(wordsOf({ sources, inventory: node(1, ['gpu-9']) }, 'inventory')).toMatch(/gpu-9/)
  })

  it('more devices than planned, and nodes it does not name, are warnings', () => {
    const sources = [dcgm([gpu(1), gpu(2)])]
    expect(statusOf({ sources, inventory: node(1) }, 'inventory')).toEqual(['warning'])
    const other = { from: 'x', total: null, nodes: new Map([['n9', { count: 0, keys: [] }]]) }
    expect(statusOf({ sources, inventory: other }, 'inventory')).toEqual(['warning'])
  })

  it('counts a GPU of which only MIG instances are shown as one', () => {
    const slices = [7, 8].map((id) =>
      gpu(1, {
        keys: [`mig:GPU-1/${id}`],
        parent: 'uuid:GPU-1',
        partition: { id: String(id), profile: '1g.10gb', share: null },
      }),
    )
    const given = { sources: [dcgm(slices)], inventory: { from: 'x', total: 1, nodes: new Map() } }
    expect(statusOf(given, 'inventory')).toEqual(['ok'])
  })
})

describe('the clock', () => {
  const clock = (peers: [string, number][], more: object = {}) => ({
    clock: {
      service: { tool: 'chronyc', isSynchronized: true, offsetMs: 0, ...more },
      peers: peers.map(([name, offsetMs]) => ({ name, offsetMs, uncertaintyMs: 500 })),
    },
  })
  it('of one node that differs is that node; of most it is ours', () => {
    const one = found(
      examine(
        facts(
          clock([
            ['a', 0],
            ['b', 60_000],
            ['c', 3],
          ]),
        ),
      ),
      'clock-skew',
    )
    expect(one).toMatchObject([{ status: 'problem', subject: 'b' }])
    const ours = found(
      examine(
        facts(
          clock([
            ['a', 9000],
            ['b', 9000],
            ['c', 9100],
          ]),
        ),
      ),
      'clock-skew',
    )
    expect(ours).toMatchObject([{ status: 'warning', subject: '' }])
  })

  it('within the rounding of an HTTP date is fine', () => {
    expect(statusOf(clock([['a', 2400]]), 'clock-skew')).toEqual(['ok'])
  })

  it('that no service keeps is a warning, and no service at all no failure', () => {
    expect(statusOf(clock([], { isSynchronized: false }), 'time-service')).toEqual(['warning'])
    expect(statusOf(clock([], { offsetMs: -40_000 }), 'time-service')).toEqual(['problem'])
    expect(statusOf({ clock: { service: null, peers: [] } }, 'time-service')).toEqual(['info'])
  })
})

describe('delivery', () => {
  const spool = (more: Partial<Facts['spool']>) => ({ spool: { ...facts().spool, ...more } })
  it.each([
    [{ isWritable: false, problem: 'EACCES' }, 'spool', ['problem']],
    [{ fileSystem: 'tmpfs' as const }, 'spool', ['ok', 'warning']],
    [{ freeBytes: 2 ** 30 }, 'spool-space', ['warning']],
    [{ freeBytes: 2 ** 20 }, 'spool-space', ['problem']],
    [{ freeBytes: 2 ** 31, usedBytes: 2 ** 31 }, 'spool-space', ['ok']],
  ] as const)('spool %o: %s %j', (more, id, statuses) => {
    expect(statusOf(spool(more), id)).toEqual(statuses)
  })

  it('a login that may not ask about streams is no failure', () => {
    const bus = {
      address: 'nats://b:4222',
      state: 'ok',
      detail: '',
      serverVersion: '2.12.7',
      roundTripMs: 1,
      stream: 'not_allowed',
      streamName: 'S',
    } as const
    expect(statusOf({ bus }, 'bus-stream')).toEqual(['info'])
    expect(statusOf({ bus: { ...bus, stream: 'missing' } }, 'bus-stream')).toEqual(['problem'])
    expect(statusOf({ bus: { ...bus, state: 'away', detail: 'x' } }, 'bus')).toEqual(['problem'])
  })
})
