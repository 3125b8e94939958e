import { describe, expect, it } from 'vitest'
import { defaultConfig } from '../../config.ts'
import { exampleSource } from '../../example-source.testing.ts'
import type { SourceIo } from '../../source.ts'
import { parseInventory } from '../inventory.ts'
import { gatherPeer, readChrony, readTimedatectl } from './clock.ts'
import { createDeadline } from './deadline.ts'
import { versionIn } from './gather.ts'
import { createRecorder, recordingIo } from './recording-io.ts'
import { openSource, sample, sectionsOf } from './sources.ts'
import { systemTime } from '../../clock.ts'

const bytes = (text: string) => new TextEncoder().encode(text)

/** A world in which every page says this, or never answers. */
const world = (page: string | null): SourceIo => ({
  run: () => Promise.reject(new Error('no tools here')),
  stream: () => 'busy',
  get: () =>
    page === null
      ? new Promise(() => undefined)
      : Promise.resolve({ status: 200, body: bytes(page), failure: null }),
  hasCommand: () => Promise.resolve(false),
})

function opened(page: string | null, totalMs: number, watchMs = 0) {
  const config = defaultConfig({ host: 'me' })
  const detection = {
    state: 'present',
    looked: 'here',
    target: { address: 'http://127.0.0.1:1/x', node: 'me' },
  } as const
  const source = exampleSource({ detect: () => Promise.resolve(detection) })
  const [section] = sectionsOf(config, [source])
  if (section === undefined) throw new Error('no section')
  const deadline = createDeadline(systemTime, totalMs)
  return openSource(section, config, {
    io: world(page),
    time: systemTime,
    deadline,
    recorder: createRecorder(),
    watchMs,
    readMs: totalMs / 2,
  })
}

describe('a source', () => {
  it('is read twice, with a digest of what it said', async () => {
    const facts = await (await opened('example\na;0.5;300\n', 2000, 5)).finish()
    const [target] = facts.targets
    expect(target?.first.interpretation.devices).toHaveLength(1)
    expect(target?.second?.digest).toBe(target?.first.digest)
    expect(target?.isHere).toBe(true)
  })

  it('that never answers is a timeout within the time, and is not read again', async () => {
    const startedMs = performance.now()
    const open = await opened(null, 300, 50)
    expect(open.hung).toEqual(['http://127.0.0.1:1/x'])
    const { targets } = await open.finish()
    expect(performance.now() - startedMs).toBeLessThan(1000)
    expect(targets[0]?.first.interpretation).toMatchObject({ outcome: 'failed', reason: 'timeout' })
    expect(targets[0]?.second).toBeNull()
  })

  it('with impossible values has them counted, not shown', async () => {
    const facts = await (await opened('example\na;7;300\n', 2000)).finish()
    const read = facts.targets[0]?.first
    expect(read?.outOfRange).toEqual({ 'range:gpu_util_ratio': 1 })
    expect(read?.interpretation.devices[0]?.metrics.gpu_util_ratio).toBeNull()
  })
})

describe('the recorder', () => {
  it('keeps the beginning of long answers, and in all no more than its room', async () => {
    const recorder = createRecorder()
    const { io } = recordingIo(world('x'.repeat(1 << 20)), recorder)
    for (let i = 0; i < 100; i++) await io.get('http://a', { timeoutMs: 1, maxBytes: 1 << 20 })
    const kept = recorder.outputs.reduce((sum, { text }) => sum + text.length, 0)
    expect(kept).toBeLessThanOrEqual(8 << 20)
    expect(recorder.outputs[0]).toMatchObject({ bytes: 1 << 20, result: 'status 200' })
    expect(recorder.outputs[0]?.text).toHaveLength(256 << 10)
    expect(recorder.outputs.length + recorder.dropped()).toBe(100)
  })
})

it('a long list is sampled evenly, a short one taken whole', () => {
  const list = Array.from({ length: 1000 }, (_, i) => i)
  const picked = sample(list, 64)
  expect(picked).toHaveLength(64)
  expect(Math.max(...picked)).toBeGreaterThan(950)
  expect(new Set(picked).size).toBe(64)
  expect(sample([1, 2, 3], 64)).toEqual([1, 2, 3])
})

describe('time services', () => {
  it('chrony says how far and whether', () => {
    const output = [
      'Reference ID    : 0A000001 (ntp)',
      'System time     : 1.500000000 seconds slow of NTP time',
      'Leap status     : Normal',
    ].join('\n')
    expect(readChrony(output)).toEqual({ tool: 'chronyc', isSynchronized: true, offsetMs: -1500 })
    expect(readChrony('Leap status     : Not synchronised\n').isSynchronized).toBe(false)
    expect(readChrony('nonsense')).toMatchObject({ isSynchronized: null, offsetMs: null })
  })

  it('systemd says yes or no', () => {
    expect(readTimedatectl('NTPSynchronized=yes\n').isSynchronized).toBe(true)
    expect(readTimedatectl('NTPSynchronized=no\n').isSynchronized).toBe(false)
  })

  it('an HTTP date is compared in its middle, and never with a login in the address', async () => {
    const asked: string[] = []
    const ask = (origin: string) => {
      asked.push(origin)
      return Promise.resolve(new Date(1_800_000_000_000).toUTCString())
    }
    let nowMs = 0
    const time = {
      ...systemTime,
      wallMs: () => 1_800_000_010_500,
      monotonicMs: () => (nowMs += 100),
    }
    const peer = await gatherPeer('http://u:pw@n1:9400/metrics', { time, ask })
    expect(peer).toEqual({ name: 'n1:9400', offsetMs: 9950, uncertaintyMs: 550 })
    expect(asked).toEqual(['http://n1:9400/'])
    expect(await gatherPeer('npu-smi', { time, ask })).toBeNull()
  })
})

it.each([
  ['NVIDIA-SMI version  : 550.54.15\nNVML version : 550.54', 'NVIDIA-SMI version : 550.54.15'],
  ['\n\ndcgmi  version: 4.5.2\n', 'dcgmi version: 4.5.2'],
  ['Invalid option\n', null],
  ['', null],
])('the version in %j', (output, version) => {
  expect(versionIn(output)).toBe(version)
})

describe('an inventory', () => {
  it('takes ranges, counts, keys and comments', () => {
    const { nodes } = parseInventory(
      '# site\nh2-r[01-02]-n[1,3]  8\ngpu-17, GPU-aa # spare\ngpu-17\tGPU-bb\n\n',
      'list.txt',
    )
    expect([...nodes]).toEqual([
      ['h2-r01-n1', { count: 8, keys: [] }],
      ['h2-r01-n3', { count: 8, keys: [] }],
      ['h2-r02-n1', { count: 8, keys: [] }],
      ['h2-r02-n3', { count: 8, keys: [] }],
      ['gpu-17', { count: 2, keys: ['GPU-aa', 'GPU-bb'] }],
    ])
  })

  it.each([
    ['a node alone', 'gpu-17\n', /list\.txt:1/],
    ['a broken range', 'x\n', /list\.txt:1/],
    ['nothing', '# no\n', /names no device/],
  ])('with %s says where', (_, text, words) => {
    expect(() => parseInventory(text, 'list.txt')).toThrow(words)
  })
})
