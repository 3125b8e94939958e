import type { CommandSpec } from './command.ts'

/** `plimsoll status`. */
export const STATUS: CommandSpec = {
  name: 'status',
  summary: 'how the fleet is now, in ten lines, with an exit code by zone',
  arguments: '[URL] [--json]',
  words: 1,
  details: `Asks a running server about its last five settled minutes: busy devices with bounds and coverage, zone, loss, who reports,
open pages and warnings, the next crossing of the danger line, PUE, what of the pipeline is not well, and until when it is settled.
Sends the token in PLIMSOLL_TOKEN if it is set; a server beyond loopback asks for one.
Exit code: 0 = ok, ticket or watch, 1 = warn, 2 = danger (or a wrong option), 3 = nobody knows: too little reports, or no answer.`,
  options: {
    server: { value: 'URL', help: 'the server to ask (default http://127.0.0.1:8440)' },
    json: { help: 'JSON also in a terminal' },
  },
  examples: [
    'plimsoll status',
    'plimsoll status --server http://127.0.0.1:9000',
    'plimsoll status --json',
  ],
  load: () => import('./commands/status.ts'),
}
