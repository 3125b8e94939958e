import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { compressAssets, isCompressed } from './compress-assets.ts'

it('texts of a kilobyte and more stand there compressed too, and one that does not is noticed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-compress-'))
  mkdirSync(join(folder, 'deep'))
  const text = 'export const one = 1\n'.repeat(100)
  writeFileSync(join(folder, 'deep/a.js'), text)
  writeFileSync(join(folder, 'index.html'), text)
  writeFileSync(join(folder, 'small.css'), 'a {}')
  writeFileSync(join(folder, 'picture.png'), text)
  expect(isCompressed(folder)).toBe(false)
  await compressAssets(folder)
  expect(isCompressed(folder)).toBe(true)
  expect(readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted()).toEqual([
    'deep',
    'deep/a.js',
    'deep/a.js.br',
    'deep/a.js.gz',
    'index.html',
    'index.html.br',
    'index.html.gz',
    'picture.png',
    'small.css',
  ])
  expect(brotliDecompressSync(readFileSync(join(folder, 'deep/a.js.br'))).toString()).toBe(text)
  expect(gunzipSync(readFileSync(join(folder, 'index.html.gz'))).toString()).toBe(text)
  rmSync(join(folder, 'deep/a.js.gz'))
  expect(isCompressed(folder)).toBe(false)
  rmSync(folder, { recursive: true })
})
