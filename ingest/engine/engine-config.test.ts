import { expect, test } from 'vitest'
import { engineConfigXml, engineLimits } from './engine-config.ts'

test('the engine takes half of the memory, within bounds', () => {
  const gib = 1024 ** 3
  expect(engineLimits(512 * 1024 ** 2).memoryBytes).toBe(gib)
  expect(engineLimits(6 * gib).memoryBytes).toBe(3 * gib)
  expect(engineLimits(256 * gib).memoryBytes).toBe(8 * gib)
})

test('a path cannot break out of the config file', () => {
  const xml = engineConfigXml(engineLimits(0), '/data/<x>&y')
  expect(xml).toContain('<allowed_path>/data/&lt;x&gt;&amp;y</allowed_path>')
  expect(xml).toContain('<timezone>UTC</timezone>')
})

test('tables where nothing happens are looked at every few seconds, not ten times a second', () => {
  const xml = engineConfigXml(engineLimits(0), '/data')
  for (const kind of ['processing', 'move_processing', 'streaming_processing'])
    expect(xml).toContain(`<background_${kind}_pool_thread_sleep_seconds_if_nothing_to_do>5<`)
})

test('no statistics of columns are computed', () => {
  expect(engineConfigXml(engineLimits(0), '/data')).toContain(
    '<auto_statistics_types></auto_statistics_types>',
  )
})
