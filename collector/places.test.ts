import { describe, expect, it } from 'vitest'
import { createClock } from './clock.ts'
import { localSection } from './config.ts'
import { exampleSource } from './example-source.testing.ts'
import { createHealth } from './health.ts'
import { startPlaces } from './places.ts'
import type { Runner } from './runner.ts'
import type { Detection, Source, SourceIo } from './source.ts'
import { handTime, settle } from './time.testing.ts'

const NO_WORLD: SourceIo = {
  run: () => Promise.reject(new Error('not asked for')),
  get: () => Promise.reject(new Error('not asked for')),
  stream: () => 'busy',
  hasCommand: () => Promise.resolve(false),
}

/** Two tools that see the same devices; `tool` is the fallback of `exporter`. */
async function machine(options: { readonly areNamed?: boolean } = {}) {
  const here = { exporter: false, tool: true }
  const source = (name: keyof typeof here, fallbackFor: readonly string[]): Source => ({
    ...exampleSource({
      name,
      detect: async (): Promise<Detection> =>
        here[name]
          ? { state: 'present', looked: name, target: { address: name, node: 'n1' } }
          : { state: 'absent', looked: name },
    }),
    fallbackFor,
  })
  const time = handTime()
  const read = new Map<string, readonly string[]>()
  const runner: Pick<Runner, 'setTargets'> = {
    setTargets: (section, targets) =>
      void read.set(
        section.source.name,
        targets.map((target) => target.address),
      ),
  }
  const places = await startPlaces({
    sections: [source('exporter', []), source('tool', ['exporter'])].map((one) =>
      localSection(one),
    ),
    areNamed: options.areNamed ?? false,
    ownNode: 'n1',
    io: NO_WORLD,
    files: { list: async () => [], version: async () => '', read: async () => '' },
    time,
    clock: createClock(time),
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    runner: {
      ...runner,
      replan: () => undefined,
      applyPauses: () => undefined,
      targetsOf: () => [],
      targetCount: () => 0,
      stats: noStats,
      stop: noStop,
    },
    health: createHealth(() => undefined),
  })
  return { here, places, read, time }
}

const noStats = () => ({ targets: 0, reading: 0, reads: 0, missedCells: 0 })
const noStop = () => Promise.resolve()

describe('tools of this machine', () => {
  it('reads a fallback where nothing better is found', async () => {
    const { read } = await machine()
    expect(read.get('tool')).toEqual(['tool'])
    expect(read.get('exporter')).toBeUndefined()
  })

  it('leaves the fallback once a better source appears, and says so', async () => {
    const { here, places, read, time } = await machine()
    here.exporter = true
    await time.pass(60_000)
    await settle()
    expect(read.get('exporter')).toEqual(['exporter'])
    expect(read.get('tool')).toEqual([])
    expect(places.looked().join('\n')).toMatch(/tool: here and not read, exporter sees the same/)
  })

  it('reads both where the configuration names both', async () => {
    const { here, read, time } = await machine({ areNamed: true })
    here.exporter = true
    await time.pass(60_000)
    await settle()
    expect(read.get('tool')).toEqual(['tool'])
    expect(read.get('exporter')).toEqual(['exporter'])
  })
})
