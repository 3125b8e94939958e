import { expect, it } from 'vitest'
import { createTurns } from './turns.ts'

/** Lets every promise that can go on do so. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

it('waits for what was begun before and reaches the same time, and for nothing else', async () => {
  const turns = createTurns()
  const order: string[] = []
  const begin = (name: string, fromMs: number, toMs: number) => {
    const turn = turns.take({ fromMs, toMs })
    void turn.comes.then(() => order.push(name))
    return turn
  }
  const first = begin('first', 0, 10)
  const beside = begin('beside', 10, 20)
  const both = begin('both', 5, 15)
  begin('after both', 14, 16)
  await settled()
  expect(order).toEqual(['first', 'beside'])
  beside.end()
  await settled()
  expect(order).toEqual(['first', 'beside'])
  first.end()
  await settled()
  expect(order).toEqual(['first', 'beside', 'both'])
  both.end()
  await settled()
  expect(order).toEqual(['first', 'beside', 'both', 'after both'])
})

it('knows nothing of what has ended', async () => {
  const turns = createTurns()
  turns.take({ fromMs: 0, toMs: 10 }).end()
  await expect(turns.take({ fromMs: 0, toMs: 10 }).comes).resolves.toBeUndefined()
})
