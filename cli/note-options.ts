import type { CommandSpec } from './command.ts'
import { TIME_FROM, TIME_TO } from './option-sets.ts'

/** `plimsoll note`. */
export const NOTE: CommandSpec = {
  name: 'note',
  summary: 'put a note on every chart: a driver roll-out, a maintenance, an incident',
  arguments: 'TITLE [options] | --show | --withdraw ID',
  words: 100,
  details: `Asks a running server (PLIMSOLL_TOKEN, role operate; --show: role read). A note is a moment (--from, or now), or with --to a stretch
of time, which may be ahead. Charts of what it is about show it: of the fleet, or of --cluster, --hall, --rack, --node, --device,
--pool, --tenant, --job. A withdrawn note is shown no more and stays in the journal. --show tells the last 30 days, or --from --to.`,
  options: {
    kind: { value: 'KIND', help: 'rollout, maintenance, incident or note (default)' },
    from: TIME_FROM,
    to: TIME_TO,
    text: { value: 'TEXT', help: 'more words, at most 2000 characters' },
    cluster: {
      value: 'NAME',
      help: 'the cluster, as collectors name it (default: none is singled out)',
    },
    hall: { value: 'NAME', help: 'about this hall' },
    rack: { value: 'NAME', help: 'about this rack' },
    node: { value: 'NAME', help: 'about this node' },
    device: { value: 'ID', help: 'about this device' },
    pool: { value: 'NAME', help: 'about this pool' },
    tenant: { value: 'NAME', help: 'about this tenant' },
    job: { value: 'ID', help: 'about this job' },
    show: { help: 'show notes, oldest first' },
    withdraw: { value: 'ID', help: 'withdraw a note' },
    server: { value: 'URL', help: 'the server to ask (default http://127.0.0.1:8440)' },
  },
  examples: [
    'plimsoll note "driver 570 rolled out" --kind rollout --rack h1-r02 --from 2026-05-01T10:00Z',
    'plimsoll note "loop 2 drained" --kind maintenance --hall h2 --to 2026-05-01T18:00+08:00',
    'plimsoll note --show',
  ],
  load: () => import('./commands/note.ts'),
}
