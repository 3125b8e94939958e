import { watchHeader, watchRows } from './simulate-watch.ts'
import { type SimulatedNpu, type SimulatedTool, renderCommand } from './simulate.ts'

const LETTERS = 'ptaicmbnu'

/**
 * An npu-smi that can be run: a shell script that prints prepared answers, and rows for ever when it is asked
 * to `watch`. It notes its process id in `pid`, so that a test can do to it what a driver does.
 */
const SCRIPT = `#!/bin/sh
here=$(dirname "$0")
if [ "$2" = watch ]; then
  echo $$ > "$here/pid"
  cat "$here/header"
  while :; do cat "$here/rows"; sleep 1; done
fi
file="$here/$(echo "$*" | tr ' ' '_')"
[ -f "$file" ] && exec cat "$file"
echo "This device does not support querying that."
exit 193
`

/** Files of the tool by name, `npu-smi` among them; all in one folder, the script executable. */
export function renderTool(
  devices: readonly SimulatedNpu[],
  tool: SimulatedTool,
): ReadonlyMap<string, string> {
  const files = new Map([
    ['npu-smi', SCRIPT],
    ['header', `${watchHeader(LETTERS)}\n`],
    ['rows', `${watchRows(devices, LETTERS).join('\n')}\n`],
  ])
  const calls = [['info'], ['info', '-m']]
  for (const npu of new Set(devices.map((device) => device.npu)))
    for (const query of ['usages', 'memory', 'ecc'])
      calls.push(['info', '-t', query, '-i', String(npu)])
  for (const { npu, chip } of devices)
    for (const query of ['board', 'hccs', 'health'])
      calls.push(['info', '-t', query, '-i', String(npu), '-c', String(chip)])
  for (const args of calls) files.set(args.join('_'), renderCommand(args, devices, tool).stdout)
  return files
}
