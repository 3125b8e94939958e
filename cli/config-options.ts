import type { CommandSpec } from './command.ts'

/** `plimsoll config`. */
export const CONFIG: CommandSpec = {
  name: 'config',
  summary: 'check a collector configuration, or write what people entered as files',
  arguments: 'check FILE | export --into FOLDER',
  words: 2,
  details: `check refuses unknown keys and bad values with file, line and what is allowed; reads nothing and starts nothing.
export asks a running server for what is in force and in no file (owners, prices, references, contracts) and writes files
that plimsoll import reads back. Files that are there already are not touched. Token: PLIMSOLL_TOKEN.`,
  options: {
    into: { value: 'FOLDER', help: 'where export writes' },
    server: { value: 'URL', help: 'the server to ask (default http://127.0.0.1:8440)' },
  },
  examples: ['plimsoll config check collector.yaml', 'plimsoll config export --into site/'],
  load: () => import('./commands/config.ts'),
}
