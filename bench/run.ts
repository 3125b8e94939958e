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
  try {
    await import(new URL(`./${name}.ts`, import.meta.url).href)
  } catch (error) {
    if (!isBadOption(error)) throw error
    console.error(
      `${error.message}. The options of ${name} are in bench/README.md or at the top of bench/${name}.ts.`,
    )
    process.exitCode = 2
  }
}

/** What node:util's parseArgs throws for options it was not told of. */
function isBadOption(error: unknown): error is Error {
  return (
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('ERR_PARSE_ARGS_')
  )
}
