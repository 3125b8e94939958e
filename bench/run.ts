/** `npm run bench -- <name> [options]`: runs one benchmark of this folder; without a name it lists them. */
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -'.ts'.length))
const [name, ...rest] = process.argv.slice(2)
if (name === undefined || !names.includes(name)) {
  if (name !== undefined) console.error(`There is no benchmark "${name}".`)
  console.error(
    `npm run bench -- <name> [options], see bench/README.md. Names: ${names.join(', ')}`,
  )
  process.exitCode = name === undefined ? 0 : 2
} else {
  process.argv.splice(2, Infinity, ...rest)
  await import(new URL(`./${name}.ts`, import.meta.url).href)
}
