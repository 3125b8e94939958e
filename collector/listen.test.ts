import { expect, it } from 'vitest'
import { createClock } from './clock.ts'
import { exampleSource } from './example-source.testing.ts'
import type { PlaceHealth } from './health.ts'
import { startListening } from './listen.ts'
import type { ListenContext, Source } from './source.ts'
import { handTime } from './time.testing.ts'

const nowhere = () => Promise.reject(new Error('nothing is asked here'))

async function heard(listen: NonNullable<Source['listen']>) {
  const time = handTime()
  const lines: PlaceHealth[] = []
  const ears = await startListening({
    sections: [
      {
        source: { ...exampleSource(), listen },
        options: {},
        intervalMs: 30_000,
        timeoutMs: 5000,
        targets: [],
        fileSd: [],
        httpSd: [],
        prometheus: [],
        refreshMs: 60_000,
        isLocal: false,
      },
    ],
    ownNode: 'me',
    io: { get: nowhere, run: nowhere, stream: () => 'busy', hasCommand: async () => false },
    clock: createClock(time),
    time,
    logger: { info: () => {}, warn: () => {}, error: () => {} },
    runner: { targetsOf: () => [] },
    health: { observePlace: (place) => lines.push(place) },
    onSaid: () => {},
  })
  return { time, ears, outcomes: () => lines.map(({ outcome, detail }) => `${outcome} ${detail}`) }
}

async function listening() {
  let context: ListenContext<unknown> | null = null
  const world = await heard(async (given) => {
    context = given
    return { stop: async () => undefined }
  })
  const trouble = (detail: string, passesAfterMs?: number) =>
    context?.trouble(detail, passesAfterMs)
  return { ...world, trouble }
}

it('a refused message is forgotten when no further one comes, a wrong setting is not', async () => {
  const { time, trouble, outcomes } = await listening()
  trouble('refused', 300_000)
  await time.pass(200_000)
  trouble('refused again', 300_000)
  await time.pass(200_000)
  expect(outcomes()).toEqual(['failed refused', 'failed refused again'])
  await time.pass(100_000)
  expect(outcomes().at(-1)).toBe('ok ')
  trouble('no community')
  trouble('refused', 300_000)
  await time.pass(300_000)
  expect(outcomes().slice(3)).toEqual([
    'failed no community',
    'failed refused',
    'failed no community',
  ])
})

it('says nothing more once it was stopped', async () => {
  const { time, trouble, outcomes, ears } = await listening()
  trouble('refused', 300_000)
  await ears.stop()
  await time.pass(600_000)
  expect(outcomes()).toEqual(['failed refused'])
})

it('one that cannot listen is a line of health', async () => {
  const { outcomes } = await heard(() => Promise.reject(new Error('the port is taken')))
  expect(outcomes()).toEqual(['failed the port is taken'])
})
