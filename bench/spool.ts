/**
 * What the spool costs on this disk: appends of 10 kB one after the other and 16 at a time, reading back,
 * and opening with everything in it. Run: `bin/node24 bench/spool.ts [--records 2000] [--dir DIR]`.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openSpool } from '../collector/spool/spool.ts'

const PAYLOAD_BYTES = 10_000
const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '2000' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const records = Number(values.records)
const directory = await mkdtemp(join(values.dir, 'spool-bench-'))
const boot = randomBytes(16).toString('hex')
const payload = randomBytes(PAYLOAD_BYTES)
const options = { directory, maxBytes: 4 * records * 2 * PAYLOAD_BYTES }
let spool = await openSpool(options)
let seq = 0

const append = () =>
  spool.append({ boot, seq: (seq += 1), kind: 'telemetry', fromMs: seq, toMs: seq, payload })

async function timed(name: string, count: number, work: () => Promise<unknown>): Promise<void> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  await work()
  const wallUs = ((performance.now() - start) * 1000) / count
  const { user, system } = process.cpuUsage(cpu)
  const cpuUs = (user + system) / count
  console.log(`| ${name} | ${count} | ${wallUs.toFixed(1)} | ${cpuUs.toFixed(1)} |`)
}

console.log(`records of ${PAYLOAD_BYTES} bytes in ${values.dir}; Node ${process.version}`)
console.log('| what | records | wall us each | CPU us each |')
console.log('|---|---|---|---|')
try {
  await timed('append, one at a time, synced', records, async () => {
    for (let n = 0; n < records; n += 1) await append()
  })
  await timed('append, 16 at a time, synced together', records, async () => {
    for (let n = 0; n < records; n += 16) await Promise.all(Array.from({ length: 16 }, append))
  })
  await timed('read, 256 at a time', spool.last(), async () => {
    for (let position = 1; position <= spool.last(); position += 256)
      await spool.readFrom(position, 256)
  })
  const held = spool.last()
  await spool.close()
  await timed('open and check everything', held, async () => {
    spool = await openSpool(options)
  })
  await spool.close()
} finally {
  await rm(directory, { recursive: true, force: true })
}
