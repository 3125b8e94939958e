/**
 * The `plimsoll` command: the only way in. It knows the subcommands by name; each loads its own roles, so
 * a collector process never loads the web server or the database.
 */
import { parseInvocation, renderError, renderHelp, renderOverview } from './cli/command.ts'
import { COMMANDS } from './cli/commands.ts'
import { PlimsollError } from '#schemas/errors.ts'

async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    console.log(renderOverview(COMMANDS))
    return name === undefined ? 2 : 0
  }
  const spec = COMMANDS.find((command) => command.name === name)
  if (spec === undefined) {
    throw new PlimsollError(
      'E_USAGE',
      `there is no command ${JSON.stringify(name.slice(0, 80))}; plimsoll --help lists them`,
    )
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    console.log(renderHelp(spec))
    return 0
  }
  const invocation = parseInvocation(spec, rest, {
    env: process.env,
    print: (line) => console.log(line),
  })
  const command = await spec.load()
  return command.run(invocation)
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(renderError(error))
  // Not only the exit code: whatever a half-started role still holds must not keep the process.
  process.exit(error instanceof PlimsollError && error.code === 'E_USAGE' ? 2 : 1)
}
