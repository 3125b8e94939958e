import { expect, test } from 'vitest'
import { loadChdb, requireThreads } from './chdb-engine.ts'

test('a platform without the engine is told where it exists and what else there is', async () => {
  const missing = loadChdb(() => Promise.reject(new Error('no native binding')))
  await expect(missing).rejects.toMatchObject({
    code: 'E_ENGINE_MISSING',
    message: expect.stringMatching(/linux-arm64.*CLICKHOUSE_URL/),
  })
})

test('too few libuv threads are refused', () => {
  requireThreads({ UV_THREADPOOL_SIZE: '16' })
  for (const env of [{}, { UV_THREADPOOL_SIZE: '15' }, { UV_THREADPOOL_SIZE: 'many' }]) {
    expect(() => requireThreads(env)).toThrow(expect.objectContaining({ code: 'E_ENGINE_THREADS' }))
  }
})
