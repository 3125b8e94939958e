import { describe, expect, it } from 'vitest'
import { filesOf, filesWith, pageCosts } from './testing/bundles.ts'

/** What every page may cost in JavaScript, gzipped, counted from the build; needs `npm run build`. */

const FIRST_PAGE_BYTES_MAX = 120_000
/** Scripts and styles. */
const FIRST_PAGE_FILES_MAX = 16
const FURTHER_PAGE_BYTES_MAX = 60_000

describe('JavaScript of every page', () => {
  const costs = pageCosts()

  it('is of every route that was built', () => {
    expect(costs[0]?.route).toBe('/')
    expect(costs.length).toBeGreaterThan(15)
    console.table(costs)
  })

  it('comes in few files: each costs the browser some milliseconds before anything is drawn', () => {
    expect(filesOf('/').size).toBeLessThanOrEqual(FIRST_PAGE_FILES_MAX)
  })

  it('carries no checker of schemas: names and limits come from files without zod', () => {
    expect(filesWith('ZodError')).toEqual([])
  })

  it.each(costs)('$route is within its budget', ({ route, bytes, more }) => {
    expect(bytes).toBeGreaterThan(20_000)
    if (route === '/') expect(bytes).toBeLessThanOrEqual(FIRST_PAGE_BYTES_MAX)
    else expect(more).toBeLessThanOrEqual(FURTHER_PAGE_BYTES_MAX)
  })
})
