import { constants } from 'node:fs'
import { access, readdir, readFile, readlink, stat, statfs } from 'node:fs/promises'
import { availableParallelism, freemem, release } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import type { BusCard, DeviceFile, HostFacts, SpoolFacts } from '../facts.ts'
import { vendorEntries } from '../vendors.ts'

/** Entries looked at in one folder of /dev or /sys. */
const ENTRIES = 16_384
/** Magic numbers of statfs(2). */
const TMPFS = 0x01021994
const NFS = 0x6969

async function textOf(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch {
    return null
  }
}

async function namesIn(folder: string): Promise<string[] | null> {
  try {
    return (await readdir(folder)).slice(0, ENTRIES).sort()
  } catch {
    return null
  }
}

/** Facts about process, machine and container; `root` is `/` but for tests. */
export async function gatherHost(
  environment: Readonly<Record<string, string | undefined>>,
  root = '/',
): Promise<HostFacts> {
  const uid = process.getuid?.() ?? null
  return {
    platform: `${process.platform} ${process.arch}, ${availableParallelism()} CPUs`,
    kernel: release(),
    nodeVersion: process.versions.node,
    isRoot: uid === 0,
    uid,
    containerHint: await containerHint(environment, root),
    memoryLimitBytes: await memoryLimit(root),
    memoryFreeBytes: (await availableMemory(root)) ?? freemem(),
    openFilesMax: await openFilesMax(root),
  }
}

async function containerHint(
  environment: Readonly<Record<string, string | undefined>>,
  root: string,
): Promise<string | null> {
  if (environment['KUBERNETES_SERVICE_HOST'] !== undefined) return 'Kubernetes'
  for (const file of ['.dockerenv', 'run/.containerenv'])
    if ((await textOf(join(root, file))) !== null) return `/${file}`
  const groups = (await textOf(join(root, 'proc/1/cgroup'))) ?? ''
  return /docker|kubepods|containerd|lxc/.exec(groups)?.[0] ?? null
}

/** The control group's limit: version 2, then version 1, whose "none" is a number near 2^63. */
async function memoryLimit(root: string): Promise<number | null> {
  for (const file of ['memory.max', 'memory/memory.limit_in_bytes']) {
    const limit = Number((await textOf(join(root, 'sys/fs/cgroup', file))) ?? Number.NaN)
    if (Number.isFinite(limit) && limit > 0 && limit < 2 ** 60) return limit
  }
  return null
}

async function availableMemory(root: string): Promise<number | null> {
  const found = /^MemAvailable:\s+(\d+) kB/m.exec((await textOf(join(root, 'proc/meminfo'))) ?? '')
  return found === null ? null : Number(found[1]) * 1024
}

async function openFilesMax(root: string): Promise<number | null> {
  const limits = (await textOf(join(root, 'proc/self/limits'))) ?? ''
  const found = /^Max open files\s+(\d+)/m.exec(limits)
  return found === null ? null : Number(found[1])
}

/** Accelerators of known vendors that sysfs lists; null where there is no such list. */
export async function gatherCards(root = '/'): Promise<BusCard[] | null> {
  const folder = join(root, 'sys/bus/pci/devices')
  const addresses = await namesIn(folder)
  if (addresses === null) return null
  const cards = await Promise.all(addresses.map((address) => cardAt(folder, address)))
  return cards.filter((card) => card !== null)
}

async function cardAt(folder: string, address: string): Promise<BusCard | null> {
  const place = join(folder, address)
  const vendorId = await textOf(join(place, 'vendor'))
  const entry = vendorEntries.find(([, { pciId }]) => pciId === vendorId?.toLowerCase())
  if (entry === undefined || !address.endsWith('.0')) return null
  const [vendor, hardware] = entry
  if (!hardware.classes.test((await textOf(join(place, 'class'))) ?? '')) return null
  // A virtual function is a slice of a card that is listed itself.
  if ((await linkName(join(place, 'physfn'))) !== null) return null
  return { address: address.toLowerCase(), vendor, driver: await linkName(join(place, 'driver')) }
}

async function linkName(path: string): Promise<string | null> {
  try {
    return (await readlink(path)).split('/').at(-1) ?? null
  } catch {
    return null
  }
}

/** Files under /dev that drivers of known vendors make, and whether this user may open them. */
export async function gatherDeviceFiles(root = '/'): Promise<DeviceFile[]> {
  const names = (await namesIn(join(root, 'dev'))) ?? []
  const found: DeviceFile[] = []
  for (const name of names) {
    const entry = vendorEntries.find(
      ([, { deviceFile, controlFile }]) => deviceFile.test(name) || controlFile.test(name),
    )
    if (entry === undefined) continue
    const path = join(root, 'dev', name)
    const isUsable = (await refusal(path, constants.R_OK | constants.W_OK)) === null
    found.push({ path: `/dev/${name}`, vendor: entry[0], isUsable, mode: await modeOf(path) })
  }
  return found
}

async function modeOf(path: string): Promise<string | null> {
  try {
    const { mode, uid, gid } = await stat(path)
    return `${(mode & 0o777).toString(8)} ${uid}:${gid}`
  } catch {
    return null
  }
}

/** Why a path may not be used, as the system says it; null when it may. */
async function refusal(path: string, mode: number): Promise<string | null> {
  try {
    await access(path, mode)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The full path of a command on PATH, or null. */
export async function findOnPath(command: string, path: string): Promise<string | null> {
  for (const folder of path.split(delimiter).filter((part) => part !== '')) {
    const candidate = join(folder, command)
    if ((await refusal(candidate, constants.X_OK)) === null && (await stat(candidate)).isFile())
      return candidate
  }
  return null
}

/** The spool's folder: nothing is written, so that a running collector's spool is not disturbed. */
export async function gatherSpool(directory: string, limitBytes: number): Promise<SpoolFacts> {
  let existing = directory
  while ((await refusal(existing, constants.F_OK)) !== null && dirname(existing) !== existing)
    existing = dirname(existing)
  const problem = await refusal(existing, constants.W_OK | constants.X_OK)
  const disk = await diskOf(existing)
  return {
    directory,
    exists: existing === directory,
    isWritable: problem === null,
    problem,
    freeBytes: disk?.freeBytes ?? null,
    usedBytes: existing === directory ? await usedBytes(directory) : 0,
    limitBytes,
    fileSystem: disk?.fileSystem ?? null,
  }
}

async function diskOf(path: string) {
  try {
    const { type, bavail, bsize } = await statfs(path)
    const fileSystem = type === TMPFS ? 'tmpfs' : type === NFS ? 'nfs' : 'other'
    return { freeBytes: bavail * bsize, fileSystem } as const
  } catch {
    return null
  }
}

async function usedBytes(directory: string): Promise<number> {
  let sum = 0
  for (const name of (await namesIn(directory)) ?? []) {
    try {
      sum += (await stat(join(directory, name))).size
    } catch {
      // A segment that was removed meanwhile.
    }
  }
  return sum
}
