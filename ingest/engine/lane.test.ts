import { expect, test } from 'vitest'
import { createLane } from './lane.ts'

/** A task that ends when told. */
function held() {
  const { promise, resolve } = Promise.withResolvers<string>()
  return { task: () => promise, end: () => resolve('done') }
}

test('at most `width` tasks run, the rest wait in order, and more than the queue holds are refused', async () => {
  const lane = createLane({ width: 1, waitingMax: 1 })
  const first = held()
  const second = held()
  const a = lane.run(first.task)
  const b = lane.run(second.task)
  expect(lane.counts()).toEqual({ running: 1, waiting: 1, refused: 0 })
  await expect(lane.run(async () => 'no')).rejects.toThrow(/TOO_MANY_SIMULTANEOUS_QUERIES/)
  first.end()
  expect(await a).toBe('done')
  second.end()
  expect(await b).toBe('done')
  expect(lane.counts()).toEqual({ running: 0, waiting: 0, refused: 1 })
})

test('idle() waits for what runs and waits, also when a task fails', async () => {
  const lane = createLane({ width: 1, waitingMax: 5 })
  const order: string[] = []
  const failing = lane.run(async () => {
    order.push('failed')
    throw new Error('x')
  })
  const after = lane.run(async () => order.push('after'))
  await Promise.all([
    expect(failing).rejects.toThrow('x'),
    lane.idle().then(() => order.push('idle')),
    after,
  ])
  expect(order).toEqual(['failed', 'after', 'idle'])
  await lane.idle()
})
