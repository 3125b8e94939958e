import { expect, it } from 'vitest'
import { loadInIdle } from './preload.ts'

const steps = () => {
  const waiting: (() => void)[] = []
  const idle = (todo: () => void) => waiting.push(todo)
  const step = async () => {
    waiting.shift()?.()
    await new Promise((done) => setTimeout(done, 0))
  }
  return { idle, step, waiting }
}

it('loads one after another, only in idle moments, and goes on after a failure', async () => {
  const { idle, step, waiting } = steps()
  const loaded: string[] = []
  const load = (name: string) => () => {
    loaded.push(name)
    return name === 'b' ? Promise.reject(new Error('offline')) : Promise.resolve()
  }
  loadInIdle([load('a'), load('b'), load('c')], idle)
  expect(loaded).toEqual([])
  await step()
  expect(loaded).toEqual(['a'])
  await step()
  await step()
  expect(loaded).toEqual(['a', 'b', 'c'])
  await step()
  expect(waiting).toEqual([])
})

it('stops before the next one', async () => {
  const { idle, step } = steps()
  const loaded: string[] = []
  const stop = loadInIdle([async () => loaded.push('a'), async () => loaded.push('b')], idle)
  await step()
  stop()
  await step()
  expect(loaded).toEqual(['a'])
})
