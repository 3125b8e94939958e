import { describe, expect, it } from 'vitest'
import { runbookPage } from './runbook-page.ts'

describe('runbooks as pages', () => {
  it('in both languages, with their commands as text', async () => {
    const english = await runbookPage('leak', 'en')
    expect(english).toContain('<h1>Water near electrics</h1>')
    expect(english).toContain('<pre>curl -s &quot;$PLIMSOLL_URL/api/v1/facility/loops&quot;')
    expect(english).toContain('<ol><li>Call the facility')
    expect(english).toContain('href="/api/docs/runbooks/leak?lang=zh"')
    expect(await runbookPage('leak', 'zh')).toContain('<h1>漏液</h1>')
    expect(english).not.toMatch(/<script|\*\*|```/)
  })
  it('of no other file', async () => {
    for (const name of ['nothing', '../errors', 'zh/leak', 'LEAK', '', 'a.b'])
      expect(await runbookPage(name, 'en')).toBeNull()
  })
})
