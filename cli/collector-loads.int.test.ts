import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

/** What this expression gives in a new process that has loaded the module and nothing else. */
function lookInside(
  module: string,
  expression: string,
  env: Readonly<Record<string, string>> = {},
) {
  const path = JSON.stringify(join(import.meta.dirname, module))
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const loaded = await import(${path}); console.log(${expression})`,
    ],
    { env: { ...process.env, NODE_OPTIONS: '', ...env }, encoding: 'utf8' },
  )
  return stderr + stdout.trim()
}

describe('what a collector loads', () => {
  it('leaves out Node’s web client, which an import of node:http would load', () => {
    const hasWebClient = "process.moduleLoadList.some((name) => name.includes('undici'))"
    expect(lookInside('commands/collector.ts', hasWebClient)).toBe('false')
  })

  it('has the stripper of types at its first start only', () => {
    const cache = mkdtempSync(join(tmpdir(), 'plimsoll-cache-'))
    const start = () =>
      lookInside('stripped-start.ts', 'loaded.thisProcess().hasStripped', {
        NODE_COMPILE_CACHE: cache,
      })
    try {
      expect([start(), start()]).toEqual(['true', 'false'])
    } finally {
      rmSync(cache, { recursive: true, force: true })
    }
  })
})
