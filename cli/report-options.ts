import type { CommandSpec } from './command.ts'

/** `plimsoll report`. */
export const REPORT: CommandSpec = {
  name: 'report',
  summary: 'the weekly report: issue it, send it, list what was issued, write it as files',
  arguments: '[--week ID] [options]',
  details: `Asks a running server (PLIMSOLL_TOKEN; --issue and --send need the role operate). ID is an ISO week of the site (2026-W47), a month
(2026-11), days (2026-11-03..2026-11-09) or latest, the last whole week. An issued report never changes; what was not issued
is a draft of what is settled now. Prints the paths of the files. --send goes to recipients of the alerting file, once to each.
What the figures mean: docs/reports.md.`,
  options: {
    week: { value: 'ID', help: 'the period (default latest)' },
    format: { value: 'LIST', help: 'json, html, pdf, xlsx, csv, by comma (default json)' },
    lang: { value: 'LANG', help: 'en (default), zh or both' },
    out: { value: 'DIR', help: 'where the files go (default here)' },
    revision: {
      value: 'N',
      help: 'a revision; 0 = a draft (default: the newest that was issued)',
    },
    issue: { help: 'freeze it, or add a revision where late data changed it' },
    send: { help: 'send it now to those who lack it; issues it first where it is not' },
    recipients: {
      value: 'LIST',
      help: '--send: only to these recipients, by comma (mail:…, chat:…)',
    },
    again: { help: '--send: also to those who have it' },
    archive: { help: 'list what was issued' },
    server: { value: 'URL', help: 'the server to ask (default http://127.0.0.1:8440)' },
  },
  examples: [
    'plimsoll report --week 2026-W47 --format xlsx,csv --lang zh --out reports',
    'plimsoll report --issue',
    'plimsoll report --send --recipients mail:boss@site.example --again',
  ],
  load: () => import('./commands/report.ts'),
}
