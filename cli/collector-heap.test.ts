import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../collector/config-file.ts'
import { loadSources } from '../collector/sources.ts'
import { growHeapFor, SMALL_HEAP_FLAG } from './collector-heap.ts'

const sources = await loadSources()
const configOf = (section: object) =>
  parseConfig(JSON.stringify({ sources: { 'dcgm-exporter': section } }), {
    sources,
    host: 'n1',
    file: 'test',
  })

function startedWith(execArgv: readonly string[]) {
  const calls: { args: readonly string[]; env: NodeJS.ProcessEnv }[] = []
  const self = {
    execPath: '/usr/bin/node',
    execArgv,
    argv: ['/usr/bin/node', '/app/main.ts', 'collector', '--config', 'c.yaml'],
    env: { PATH: '/bin', MALLOC_ARENA_MAX: '1' },
    execve: (_file: string, args: readonly string[], env: NodeJS.ProcessEnv) => {
      calls.push({ args, env })
    },
  }
  return { self, calls }
}

describe('heap of a collector', () => {
  it('the launcher and this file name the same flag', () => {
    const launcher = readFileSync(join(import.meta.dirname, '..', 'bin', 'plimsoll'), 'utf8')
    expect(launcher).toContain(` ${SMALL_HEAP_FLAG} `)
  })

  it('stays small for the exporters of one node', () => {
    const { self, calls } = startedWith([SMALL_HEAP_FLAG])
    growHeapFor(configOf({ targets: ['gpu-01:9400'] }), self)
    expect(calls).toEqual([])
  })

  it.each([
    ['many listed exporters', { targets: ['n[001-065]:9400'] }],
    ['a list that may grow', { http_sd: ['http://inventory/targets'] }],
    ['a Prometheus server', { targets_from: ['http://prometheus:9090'] }],
  ])('starts again with the usual limits for %s', (_what, section) => {
    const { self, calls } = startedWith(['--no-warnings', SMALL_HEAP_FLAG])
    growHeapFor(configOf(section), self)
    expect(calls).toEqual([
      {
        args: ['/usr/bin/node', '--no-warnings', '/app/main.ts', 'collector', '--config', 'c.yaml'],
        env: { PATH: '/bin' },
      },
    ])
  })

  it('starts again with limits for meters where those are what is many', () => {
    const meters = { targets: ['pdu-[001-400]'] }
    const few = { targets: ['gpu-01:9400'] }
    const given = { sources, host: 'n1', file: 'test' }
    const configured = (section: object) =>
      parseConfig(JSON.stringify({ sources: { snmp: meters, 'dcgm-exporter': section } }), given)
    const small = startedWith([SMALL_HEAP_FLAG])
    growHeapFor(configured(few), small.self)
    expect(small.calls).toHaveLength(1)
    expect(small.calls[0]?.args[1]).toMatch(/^--max-semi-space-size=[2-8]$/)
    expect(small.calls[0]?.env).toMatchObject({ MALLOC_ARENA_MAX: '1' })
    const both = startedWith([SMALL_HEAP_FLAG])
    growHeapFor(configured({ targets: ['n[001-065]:9400'] }), both.self)
    expect(both.calls[0]?.args[1]).toBe('/app/main.ts')
  })

  it('does nothing when it was not started small, so it cannot start again for ever', () => {
    const { self, calls } = startedWith([])
    growHeapFor(configOf({ targets: ['n[0001-6250]:9400'] }), self)
    expect(calls).toEqual([])
  })
})
