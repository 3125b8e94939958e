import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestEngine, type TestEngine } from './engine.testing.ts'

let engine: TestEngine
beforeAll(async () => {
  engine = await startTestEngine()
})
afterAll(async () => {
  await engine.stop()
})

test('the engine answers the client with its version', async () => {
  expect(await engine.store.version()).toMatch(/^\d+\.\d+/)
  expect(await engine.store.query('SELECT 1 AS one, {x:String} AS x', { x: "a'b" })).toEqual([
    { one: 1, x: "a'b" },
  ])
})
