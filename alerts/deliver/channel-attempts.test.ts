import { expect, it } from 'vitest'
import { createReportPost } from './report-post.ts'
import { createChannelAttempts } from './channel-attempts.ts'
import { CONFIG, createWorld, note as message, ok } from './deliver.testing.ts'

const MINUTE = 60_000
const dings = ok('{"errcode":0}')

it('one that is noted again, as the journal does, counts once; two of one moment count twice', () => {
  const attempts = createChannelAttempts()
  const [a, b] = [attempts.begin('ding', 1_000), attempts.begin('ding', 1_000)]
  expect(attempts.underWay('ding')).toBe(2)
  a.end()
  a.end()
  attempts.note('ding', a.atMs)
  expect([attempts.underWay('ding'), attempts.ended('ding')]).toEqual([1, [a.atMs]])
  b.end()
  expect(attempts.ended('ding')).toEqual([1_000, 1_001])
  attempts.note('ding', MINUTE + 1_000)
  expect(attempts.ended('ding')).toEqual([1_001, MINUTE + 1_000])
  expect(attempts.ended('other')).toEqual([])
})

it('alerts use a minute of a channel whole: what the journal has of them is no second message', async () => {
  const world = createWorld(() => dings)
  for (let i = 0; i < 15; i++) {
    await world.queue(message(`m${i}`, { channel: 'ding', not_before_ms: world.now() }))
    await world.run(3_000)
  }
  expect(world.sent).toHaveLength(15)
})

const page = (name: string, atMs: number) =>
  message(name, { channel: 'ding', severity: 'page', not_before_ms: atMs })

it('reports leave one of four places for a page; an end lets an alert go that waited for it', async () => {
  const attempts = createChannelAttempts()
  const world = createWorld(() => dings, { attempts })
  const post = createReportPost({
    attempts,
    config: () => CONFIG,
    environment: {},
    clock: () => world.now(),
  })
  const reports = Array.from({ length: 5 }, () => post.place('ding'))
  expect(reports.map((one) => one !== null)).toEqual([true, true, true, false, false])
  await world.queue(page('a', world.now()))
  await world.run(100)
  expect(world.sent).toHaveLength(1)

  attempts.begin('ding', world.now())
  await world.queue(page('b', world.now()))
  await world.run(10_000)
  expect(world.sent).toHaveLength(1)
  reports[0]?.end()
  await world.run(10)
  expect(world.sent).toHaveLength(2)
})

it('a report waits for the minute that alerts used up; a channel that is gone says so in the attempt', async () => {
  const attempts = createChannelAttempts()
  const world = createWorld(() => dings, { attempts })
  const post = createReportPost({
    attempts,
    config: () => CONFIG,
    environment: {},
    clock: () => world.now(),
  })
  for (let i = 0; i < 12; i++) {
    await world.queue(page(`m${i}`, world.now()))
    await world.run(2_000)
  }
  expect(post.place('ding')).toBeNull()
  await world.run(MINUTE)
  expect(post.place('ding')).not.toBeNull()
  expect(post.place('nowhere')).not.toBeNull()
})
