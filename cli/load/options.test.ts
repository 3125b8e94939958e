import { describe, expect, it } from 'vitest'
import { parseInvocation } from '../command.ts'
import { COMMANDS } from '../commands.ts'
import { loadOptions } from './options.ts'

const NATS = ['--nats', 'nats://127.0.0.1:4222']

function options(...args: string[]) {
  const spec = COMMANDS.find(({ name }) => name === 'load')
  if (spec === undefined) throw new Error('there is no command load')
  return loadOptions(parseInvocation(spec, args, { env: {}, print: () => undefined }))
}

describe('plimsoll load', () => {
  it('has a default for everything but the bus', () => {
    expect(options(...NATS)).toEqual({
      shape: { devices: 5000, collectors: 1, cluster: 'load', seed: 1 },
      intervalMs: 10_000,
      durationMs: 60_000,
      nats: { url: 'nats://127.0.0.1:4222' },
      directory: 'data/load',
      isForced: false,
      isJson: false,
    })
  })

  it('without a bus it says how to get one', () => {
    expect(() => options()).toThrow(/--nats .*nats-server -js.*plimsoll migrate, ingest and load/)
  })

  it('takes times with and without a unit', () => {
    const given = options(...NATS, '--interval', '1', '--duration', '10m', '--devices', '50000')
    expect(given).toMatchObject({ intervalMs: 1000, durationMs: 600_000, shape: { collectors: 8 } })
  })

  it.each([
    ['an interval that does not divide a minute', ['--interval', '7s']],
    ['no duration', ['--duration', '0s']],
    ['a duration that is no time', ['--duration', 'long']],
    ['no devices', ['--devices', '0']],
    ['more devices than one process can send', ['--devices', '100001']],
    ['more collectors than nodes', ['--collectors', '3', '--devices', '16']],
    ['a cluster that could be a real one', ['--as-cluster', 'aurora']],
    ['a cluster that is no token of a subject', ['--as-cluster', 'load.*']],
  ])('refuses %s', (_, args) => {
    expect(() => options(...NATS, ...args)).toThrow(`${args[0]}`)
  })
})
