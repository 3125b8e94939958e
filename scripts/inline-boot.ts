import type { PageFiles } from './bundle-manifest.ts'

/**
 * The built index.html with `static/boot.js` in it, which then knows the files of every page. Pure: the dashboard's build
 * reads and writes.
 */

const TAG = '<script src="/boot.js"></script>'
const EMPTY_TABLE = 'var pages = null'

/** Where the build puts what it names by content. */
const FOLDER = '_app/immutable/'

/** What boot.js reads: each file once, and by route (parameters as `*`) the places of those that the start does not load. */
interface PageTable {
  /** Before each file: a path from the root of the site. */
  readonly folder: string
  readonly files: readonly string[]
  readonly byRoute: Readonly<Record<string, readonly number[]>>
}

export function pageTable(start: ReadonlySet<string>, pages: readonly PageFiles[]): PageTable {
  const places = new Map<string, number>()
  const placeOf = (file: string) => {
    const place = places.get(file) ?? places.size
    places.set(file, place)
    return place
  }
  const byRoute = Object.fromEntries(
    pages.map(({ route, files }) => [
      route.replaceAll(/\[[^\]]+\]/g, '*'),
      [...files].filter((file) => !start.has(file)).map(placeOf),
    ]),
  )
  const files = [...places.keys()].map((file) => file.replace(FOLDER, ''))
  return { folder: `/${FOLDER}`, files, byRoute }
}

/** Throws where the page or the script is not as it is known. */
export function withBoot(html: string, boot: string, table: PageTable): string {
  if (!html.includes(TAG)) throw new Error(`index.html has no ${TAG}`)
  if (!boot.includes(EMPTY_TABLE)) throw new Error(`boot.js has no "${EMPTY_TABLE}"`)
  const code = boot
    .replace(EMPTY_TABLE, `var pages = ${JSON.stringify(table)}`)
    .replaceAll(/^\s*\/\/.*\n/gm, '')
  return html.replace(TAG, () => `<script>\n${code}</script>`)
}
