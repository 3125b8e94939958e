import { describe, expect, it } from 'vitest'
import { handTime } from '../time.testing.ts'
import type { HttpResult, SourceIo } from '../source.ts'
import { type ListOutcome, startDiscovery } from './discover.ts'
import { toTarget } from './target.ts'

function world() {
  const files = new Map<string, string>()
  const pages = new Map<string, Partial<HttpResult> & { text?: string }>()
  const seen: string[][] = []
  const outcomes: ListOutcome[] = []
  const io: Pick<SourceIo, 'get'> & SourceIo = {
    run: () => Promise.reject(new Error('no commands here')),
    stream: () => 'busy',
    hasCommand: () => Promise.resolve(false),
    get(url) {
      const page = pages.get(url)
      const body = new TextEncoder().encode(page?.text ?? '')
      return Promise.resolve(
        page === undefined
          ? { status: null, body, failure: 'refused' as const }
          : { status: 200, failure: null, ...page, body },
      )
    },
  }
  const time = handTime()
  const start = (section: object) =>
    startDiscovery({
      section: {
        targets: [],
        fileSd: [],
        httpSd: [],
        prometheus: [],
        refreshMs: 60_000,
        ...section,
      },
      ownNode: 'me',
      io,
      time,
      files: {
        list: (pattern) =>
          Promise.resolve([...files.keys()].filter((path) => path.startsWith(pattern))),
        version: (path) => Promise.resolve(files.get(path) ?? ''),
        read: (path) => Promise.resolve(files.get(path) ?? ''),
      },
      onTargets: (targets) => seen.push(targets.map((target) => target.node)),
      onOutcome: (outcome) => outcomes.push(outcome),
    })
  return { files, pages, seen, outcomes, time, start }
}
const list = (...hosts: string[]) =>
  JSON.stringify([{ targets: hosts.map((host) => `${host}:9400`) }])

describe('finding targets', () => {
  it('fixed targets are there at once and lists add to them, without repeats', async () => {
    const { pages, seen, start } = world()
    pages.set('http://sd/', { text: list('n1', 'n2') })
    await start({ targets: [toTarget('n1:9400', {}, 'me')], httpSd: ['http://sd/'] })
    expect(seen).toEqual([['n1'], ['n1', 'n2']])
  })

  it('a changed file is read again, an unchanged one is not', async () => {
    const { files, seen, start, time } = world()
    files.set('/sd/a.json', list('n1'))
    await start({ fileSd: ['/sd/'] })
    await time.pass(20_000)
    files.set('/sd/b.json', list('n2'))
    await time.pass(5000)
    files.delete('/sd/a.json')
    await time.pass(5000)
    expect(seen).toEqual([[], ['n1'], ['n1', 'n2'], ['n2']])
  })

  it.each([
    ['a file cut in half', '[{"targets": ["n1', 'list_invalid'],
    ['an empty file', '', 'list_invalid'],
  ])('%s keeps the last good list and is reported', async (_, text, reason) => {
    const { files, seen, outcomes, start, time } = world()
    files.set('/sd/a.json', list('n1'))
    await start({ fileSd: ['/sd/'] })
    files.set('/sd/a.json', text)
    await time.pass(5000)
    expect(seen.at(-1)).toEqual(['n1'])
    expect(outcomes.at(-1)).toMatchObject({ list: '/sd/', targets: 1, failure: { reason } })
    expect(outcomes.at(-1)?.failure?.detail).toContain('last good list of 1')
    files.set('/sd/a.json', list('n1', 'n3'))
    await time.pass(5000)
    expect(outcomes.at(-1)).toMatchObject({ failure: null, targets: 2 })
  })

  it("a list server that fails keeps the last good list, with the network's word for it", async () => {
    const { pages, seen, outcomes, start, time } = world()
    pages.set('http://sd/', { text: list('n1') })
    await start({ httpSd: ['http://sd/'] })
    pages.set('http://sd/', { status: 500 })
    await time.pass(60_000)
    expect(outcomes.at(-1)?.failure?.reason).toBe('http_500')
    pages.delete('http://sd/')
    await time.pass(60_000)
    expect(outcomes.at(-1)?.failure?.reason).toBe('refused')
    expect(seen.at(-1)).toEqual(['n1'])
  })

  it('asks a Prometheus server for its active targets', async () => {
    const { pages, seen, start } = world()
    pages.set('http://prom:9090/api/v1/targets?state=active', {
      text: JSON.stringify({
        status: 'success',
        data: {
          activeTargets: [{ scrapeUrl: 'http://10.0.0.1:9400/metrics', labels: { node: 'p1' } }],
        },
      }),
    })
    await start({ prometheus: ['http://prom:9090/'] })
    expect(seen.at(-1)).toEqual(['p1'])
  })

  it('no password of a list address is in what is told about it', async () => {
    const { pages, outcomes, start } = world()
    const [broken, bad, away] = ['broken', 'bad', 'away'].map(
      (h) => `http://u:hunter2@${h}/?token=hunter2`,
    )
    pages.set(`${broken}`, { text: '{' })
    pages.set(`${bad}`, { text: '[{"targets": ["u:hunter2@h"]}]' })
    const prometheus = ['http://u:hunter2@prom:9090', 'http://u:hunter2@html:9090']
    pages.set('http://u:hunter2@html:9090/api/v1/targets?state=active', { text: '<html>' })
    await start({ httpSd: [broken, bad, away], prometheus })
    expect(outcomes.map(({ failure }) => failure?.reason)).toEqual(
      expect.arrayContaining(['list_invalid', 'refused']),
    )
    expect(outcomes.map(({ list }) => list)).toContain('http://broken/?…')
    expect(outcomes).toHaveLength(5)
    expect(JSON.stringify(outcomes)).not.toContain('hunter2')
  })

  it('stop calls off every look', async () => {
    const { pages, start, time } = world()
    pages.set('http://sd/', { text: list('n1') })
    const discovery = await start({ httpSd: ['http://sd/', 'http://sd/2'], fileSd: ['/sd/'] })
    discovery.stop()
    expect(time.pending()).toBe(0)
  })
})
