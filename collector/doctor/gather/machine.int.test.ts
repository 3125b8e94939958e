import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findOnPath, gatherCards, gatherDeviceFiles, gatherHost, gatherSpool } from './machine.ts'

/** What is learned of a machine, on a made-up file system. */

let root = ''
const put = async (path: string, content: string) => {
  const whole = join(root, path)
  await mkdir(dirname(whole), { recursive: true })
  await writeFile(whole, content)
}
const pci = async (address: string, vendor: string, type: string, driver?: string) => {
  const folder = `sys/bus/pci/devices/${address}`
  await put(`${folder}/vendor`, `${vendor}\n`)
  await put(`${folder}/class`, `${type}\n`)
  if (driver !== undefined)
    await symlink(`/sys/bus/pci/drivers/${driver}`, join(root, folder, 'driver'))
}

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'plimsoll-machine-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

describe('cards on the bus', () => {
  it('are accelerators of known vendors, not their network cards, bridges, audio and slices', async () => {
    await pci('0000:53:00.0', '0x10de', '0x030200', 'nvidia')
    await pci('0000:53:00.1', '0x10de', '0x040300', 'snd_hda_intel')
    await pci('0000:90:00.0', '0x10de', '0x068000', 'nvidia-nvswitch')
    await pci('0000:C1:00.0', '0x19e5', '0x120000', 'devdrv_device_driver')
    await pci('0000:06:00.0', '0x19e5', '0x030000', 'hibmc-drm')
    await pci('0000:07:00.0', '0x19e5', '0x020000', 'hns3')
    await pci('0000:21:00.0', '0xcabc', '0x120000')
    await pci('0000:41:00.0', '0x1d22', '0x120000', 'vfio-pci')
    await pci('0000:42:00.0', '0x1d22', '0x120000', 'kunlun')
    await symlink('../0000:41:00.0', join(root, 'sys/bus/pci/devices/0000:42:00.0/physfn'))
    await pci('0000:00:02.0', '0x8086', '0x030000', 'i915')
    expect(await gatherCards(root)).toEqual([
      { address: '0000:21:00.0', vendor: 'cambricon', driver: null },
      { address: '0000:41:00.0', vendor: 'kunlun', driver: 'vfio-pci' },
      { address: '0000:53:00.0', vendor: 'nvidia', driver: 'nvidia' },
      { address: '0000:c1:00.0', vendor: 'ascend', driver: 'devdrv_device_driver' },
    ])
  })

  it('are unknown, not none, where sysfs cannot be read', async () => {
    expect(await gatherCards(join(root, 'nowhere'))).toBeNull()
  })
})

it('device files are those of the drivers, with their mode', async () => {
  for (const name of ['nvidia0', 'nvidiactl', 'davinci3', 'xpu0', 'null', 'nvidia-caps'])
    await put(`dev/${name}`, '')
  await chmod(join(root, 'dev/nvidia0'), 0o640)
  const files = await gatherDeviceFiles(root)
  expect(files.map(({ path, vendor }) => `${path} ${vendor}`)).toEqual([
    '/dev/davinci3 ascend',
    '/dev/nvidia0 nvidia',
    '/dev/nvidiactl nvidia',
    '/dev/xpu0 kunlun',
  ])
  expect(files[1]?.mode).toMatch(/^640 \d+:\d+$/)
})

describe('the process and its place', () => {
  it('knows limits of control groups of both versions, and none', async () => {
    await put('sys/fs/cgroup/memory.max', 'max\n')
    expect((await gatherHost({}, root)).memoryLimitBytes).toBeNull()
    await put('sys/fs/cgroup/memory/memory.limit_in_bytes', '9223372036854771712\n')
    expect((await gatherHost({}, root)).memoryLimitBytes).toBeNull()
    await put('sys/fs/cgroup/memory.max', '268435456\n')
    expect((await gatherHost({}, root)).memoryLimitBytes).toBe(268_435_456)
  })

  it('knows a container by its signs', async () => {
    expect((await gatherHost({}, root)).containerHint).toBeNull()
    await put('proc/1/cgroup', '0::/system.slice/docker-0123.scope\n')
    expect((await gatherHost({}, root)).containerHint).toBe('docker')
    const pod = await gatherHost({ KUBERNETES_SERVICE_HOST: '10.0.0.1' }, root)
    expect(pod.containerHint).toBe('Kubernetes')
  })
})

it('a spool that does not exist yet is judged by the folder above it, and nothing is made', async () => {
  const directory = join(root, 'data/spool')
  await mkdir(join(root, 'data'))
  expect(await gatherSpool(directory, 2 ** 30)).toMatchObject({
    exists: false,
    isWritable: true,
    usedBytes: 0,
    limitBytes: 2 ** 30,
  })
  await put('data/spool/0001.segment', 'x'.repeat(1000))
  expect(await gatherSpool(directory, 2 ** 30)).toMatchObject({ exists: true, usedBytes: 1000 })
})

it('a command is found where it can be executed, else not', async () => {
  await put('bin-a/tool', '')
  await put('bin-b/tool', '')
  await chmod(join(root, 'bin-b/tool'), 0o755)
  const path = `${join(root, 'bin-a')}:${join(root, 'bin-b')}`
  expect(await findOnPath('tool', path)).toBe(join(root, 'bin-b/tool'))
  expect(await findOnPath('other', path)).toBeNull()
})
