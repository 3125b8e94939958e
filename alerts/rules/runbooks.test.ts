import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readYaml } from '../../cli/import/yaml-document.ts'
import { isSignalName } from '../../query/alerts/signals.ts'
import { loadRules } from './load.ts'

const folder = join(import.meta.dirname, '../../docs/runbooks')
const pack = await loadRules({
  read: (text, schema, file) => readYaml(text, schema, file).data,
  hasSignal: isSignalName,
})
const pages = [...pack.rules.values()].map(({ rule }) => ({
  rule,
  file: `${rule.runbook ?? rule.name.replaceAll('_', '-')}.md`,
}))

describe('each rule has a page in both languages', () => {
  for (const { rule, file } of pages) {
    it(rule.name, () => {
      for (const [language, path] of [
        ['en', join(folder, file)],
        ['zh', join(folder, 'zh', file)],
      ] as const) {
        expect(existsSync(path), path).toBe(true)
        const text = readFileSync(path, 'utf8')
        expect(text.split('\n')[0]).toBe(`# ${rule.title[language]}`)
        expect(text).toContain(rule.action[language])
        const commands = /```sh\n([\s\S]*?)\n```/.exec(text)?.[1]?.split('\n') ?? []
        expect(commands.length, path).toBeGreaterThan(0)
        expect(commands.length, path).toBeLessThanOrEqual(3)
      }
    })
  }
  it('and there is no page of a rule that is gone', () => {
    const known = new Set(pages.map(({ file }) => file))
    for (const path of [folder, join(folder, 'zh')])
      expect(readdirSync(path).filter((name) => name.endsWith('.md') && !known.has(name))).toEqual(
        [],
      )
  })
})
