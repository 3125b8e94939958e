import { join } from 'node:path'

/**
 * Which modules are built into one file. Left to itself the bundler makes a file of every set of modules that the same pages
 * share: the first page took 43 scripts and 14 styles, and a browser works some milliseconds for each, before anything is drawn.
 */

/** What the bundler tells of a module: ids of what it imports before it runs. */
interface Graph {
  getModuleInfo(id: string): { readonly importedIds: readonly string[] } | null
}

/** Files of the first page: what runs before all else, of every page, of the charts, and what it has in common with some pages. */
type Chunk = 'before' | 'start' | 'chart' | 'common'

/** Each needs only the files before it. */
const ORDER = ['before', 'start', 'chart', 'common'] as const satisfies readonly Chunk[]

/** Ids of the modules that a page begins with. `root` is the dashboard's folder. */
function entries(root: string) {
  const generated = join(root, '.svelte-kit/generated/build/client-optimized')
  const runtime = join(root, '../node_modules/@sveltejs/kit/src/runtime/client')
  return {
    // It takes what the page says of itself, its version among it. Modules of the start read that while they load: in one file
    // with it they would find nothing, hold every build for a newer one, and load a page that answers 404 for ever.
    before: [join(runtime, 'entry.js')],
    start: [
      join(runtime, 'client-entry.js'),
      join(generated, 'app.js'),
      join(generated, 'nodes/0.js'),
    ],
    chart: [join(root, 'src/lib/chart/Chart.svelte')],
    common: [join(generated, 'nodes/2.js')],
  }
}

/** Groups for the bundler, of modules that several entries share; what is in none of them it may place itself. */
export function chunkGroups(root: string) {
  let chunks: ReadonlyMap<string, Chunk> | null = null
  return ORDER.map((name, at) => ({
    name: (id: string, graph: Graph): Chunk | null => {
      chunks ??= chunksOf(entries(root), graph)
      return chunks.get(id) === name ? name : null
    },
    minShareCount: 2,
    priority: ORDER.length - at,
  }))
}

function chunksOf(roots: Readonly<Record<Chunk, readonly string[]>>, graph: Graph) {
  const chunks = new Map<string, Chunk>()
  const visit = (id: string, chunk: Chunk) => {
    if (chunks.has(id)) return
    const module = graph.getModuleInfo(id)
    if (module === null) return
    chunks.set(id, chunk)
    for (const next of module.importedIds) visit(next, chunk)
  }
  for (const chunk of ORDER)
    for (const root of roots[chunk]) {
      if (graph.getModuleInfo(root) === null) throw new Error(`the build has no module ${root}`)
      visit(root, chunk)
    }
  return chunks
}
