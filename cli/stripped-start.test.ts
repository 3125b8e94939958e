import { describe, expect, it } from 'vitest'
import { type CompileCache, startFromCache, type StrippedProcess } from './stripped-start.ts'

function started(given: Partial<StrippedProcess>, directory: string | null = '/cache') {
  const calls: {
    readonly what: string
    readonly args?: readonly string[]
    readonly again?: string
  }[] = []
  const self: StrippedProcess = {
    execPath: '/usr/bin/node',
    execArgv: ['--max-semi-space-size=4'],
    argv: ['/usr/bin/node', '/app/main.ts', 'collector'],
    env: { PATH: '/bin' },
    hasStripped: true,
    execve: (_file, args, env) => {
      calls.push({ what: 'start', args, again: env['PLIMSOLL_STARTED_FROM_CACHE'] ?? '' })
      expect(env['PATH']).toBe('/bin')
    },
    ...given,
  }
  const cache: CompileCache = {
    directory: () => directory ?? undefined,
    write: () => void calls.push({ what: 'write' }),
  }
  startFromCache(self, cache)
  return calls
}

describe('a collector that had to strip types', () => {
  it('writes what it compiled, then starts again with the same flags and arguments', () => {
    expect(started({})).toEqual([
      { what: 'write' },
      {
        what: 'start',
        args: ['/usr/bin/node', '--max-semi-space-size=4', '/app/main.ts', 'collector'],
        again: '1',
      },
    ])
  })

  it.each([
    ['found everything in the cache', { hasStripped: false }, '/cache'],
    ['was started again before', { env: { PLIMSOLL_STARTED_FROM_CACHE: '1' } }, '/cache'],
    ['has no cache', {}, null],
  ] as const)('stays as it is when it %s', (_what, given, directory) => {
    expect(started(given, directory)).toEqual([])
  })
})
