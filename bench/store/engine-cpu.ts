import { readdirSync, readFileSync } from 'node:fs'

/** Clock ticks a second of /proc/PID/stat (USER_HZ, fixed on Linux). */
const TICKS = 100

/** CPU seconds that the child processes of this one have used, their own threads included (Linux). */
export function childCpuSeconds(): number {
  const children = readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean),
  )
  let ticks = 0
  for (const pid of children) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    ticks += Number(fields[11]) + Number(fields[12])
  }
  return ticks / TICKS
}
