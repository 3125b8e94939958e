import { existsSync, readdirSync, statSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

/** Beside each text of the built dashboard the same in Brotli and gzip: compressed once here, and not at every request. */

/** The server offers those it finds, by these endings. */
const ENDINGS = ['.br', '.gz'] as const
const TEXT = /\.(js|css|html|svg|json)$/
/** A smaller file fits into one packet as it is. */
const LEAST_BYTES = 1_024

const inBrotli = promisify(brotliCompress)
const inGzip = promisify(gzip)

function texts(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXT.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => statSync(path).size >= LEAST_BYTES)
}

/** Writes both beside every text below a folder. */
export async function compressAssets(folder: string): Promise<void> {
  await Promise.all(
    texts(folder).map(async (path) => {
      const bytes = await readFile(path)
      const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
      await writeFile(`${path}.br`, await inBrotli(bytes, { params }))
      await writeFile(`${path}.gz`, await inGzip(bytes, { level: 9 }))
    }),
  )
}

/** Whether every text below a folder has both beside it. */
export function isCompressed(folder: string): boolean {
  return texts(folder).every((path) => ENDINGS.every((ending) => existsSync(path + ending)))
}
