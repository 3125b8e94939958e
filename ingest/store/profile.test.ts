import { expect, it } from 'vitest'
import { profileOf } from './profile.ts'

const storeWith = (engine?: string) => ({
  query: async () => (engine === undefined ? [] : [{ engine }]),
})

it('a table that only distributes names its cluster', async () => {
  const engine = "Distributed('gpus', currentDatabase(), samples_local, cityHash64(ts))"
  expect(await profileOf(storeWith(engine))).toEqual({ kind: 'cluster', cluster: 'gpus' })
  expect(await profileOf(storeWith('MergeTree PARTITION BY toYYYYMMDD(ts)'))).toEqual({
    kind: 'single',
  })
  expect(await profileOf(storeWith())).toEqual({ kind: 'single' })
})
