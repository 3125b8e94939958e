import type { Facts, HostFacts } from '../facts.ts'
import { type Finding, text } from '../finding.ts'

/** A collector of one node needs less than 100 MB; below this it may be ended in the middle of work. */
const MEMORY_LOW_BYTES = 150e6
const MEMORY_TIGHT_BYTES = 256e6
/** Files a collector has open beside one connection per target. */
const FILES_BESIDE = 128

const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`

/** Configuration, Node, memory, user and container: where the collector itself stands. */
export function checkHost(facts: Facts): Finding[] {
  return [
    configFinding(facts),
    runtimeFinding(facts),
    memoryFinding(facts.host),
    ...filesFindings(facts),
    ...containerFindings(facts),
  ]
}

function configFinding({ config }: Facts): Finding {
  const { file, problem, used } = config
  const subject = file ?? ''
  if (problem !== null) {
    const said = `${problem.code}: ${problem.message}`
    return {
      id: 'config',
      status: 'problem',
      subject,
      seen: text(said, said),
      why: text(
        'a collector refuses to start with this file; what follows was checked with defaults',
        '采集器不会用此文件启动；以下各项按默认配置检查',
      ),
      fix: text(
        `correct the file, then run plimsoll config check ${subject}`.trimEnd(),
        `修正该文件，然后运行 plimsoll config check ${subject}`.trimEnd(),
      ),
    }
  }
  const sources = used.sources.length
  return {
    id: 'config',
    status: 'ok',
    subject,
    seen:
      file === null
        ? text(
            'no configuration file: every known tool is looked for on this machine',
            '没有配置文件：在本机查找所有已知工具',
          )
        : text(`valid, ${sources} source(s) named`, `有效，指定了 ${sources} 个来源`),
  }
}

function runtimeFinding({ host, version }: Facts): Finding {
  const seen = `plimsoll ${version}, Node ${host.nodeVersion}, ${host.platform} ${host.kernel}`
  const major = Number(host.nodeVersion.split('.')[0])
  if (major >= 24) return { id: 'runtime', status: 'ok', subject: '', seen: text(seen, seen) }
  return {
    id: 'runtime',
    status: 'problem',
    subject: '',
    seen: text(seen, seen),
    why: text('Plimsoll needs Node 24 or newer', 'Plimsoll 需要 Node 24 或更高版本'),
    fix: text(
      'start it by bin/plimsoll, or install Node 24 and put it first on PATH',
      '用 bin/plimsoll 启动，或安装 Node 24 并放在 PATH 最前面',
    ),
  }
}

function memoryFinding({ memoryLimitBytes: limit, memoryFreeBytes: free }: HostFacts): Finding {
  const base = { id: 'memory-limit', subject: '' } as const
  const freeText = free === null ? '?' : megabytes(free)
  const seen =
    limit === null
      ? text(`no memory limit, ${freeText} free`, `没有内存限制，可用 ${freeText}`)
      : text(
          `limited to ${megabytes(limit)}, ${freeText} free on the machine`,
          `限制为 ${megabytes(limit)}，机器可用 ${freeText}`,
        )
  const room = Math.min(limit ?? Infinity, free ?? Infinity)
  if (room >= MEMORY_TIGHT_BYTES) return { ...base, status: 'ok', seen }
  return {
    ...base,
    status: room < MEMORY_LOW_BYTES ? 'problem' : 'warning',
    seen,
    why: text(
      'a collector of one node works in under 100 MB, but the kernel ends it without a word when it meets its limit',
      '单节点采集器占用不到 100 MB，但一旦达到限制，内核会直接终止它',
    ),
    fix: text(
      'give it 256 MB (MemoryMax= of the systemd unit, resources.limits.memory of the pod), or free memory',
      '给它 256 MB（systemd 的 MemoryMax= 或 Pod 的 resources.limits.memory），或释放内存',
    ),
  }
}

function filesFindings({ host, sources }: Facts): Finding[] {
  const { openFilesMax: max } = host
  const targets = sources.reduce((sum, { targetsListed }) => sum + targetsListed, 0)
  if (max === null || targets + FILES_BESIDE <= max) return []
  return [
    {
      id: 'open-files',
      status: 'problem',
      subject: '',
      seen: text(
        `${targets} targets, but only ${max} open files are allowed`,
        `${targets} 个目标，但只允许打开 ${max} 个文件`,
      ),
      why: text(
        'each target keeps a connection; beyond the limit targets look dead although they are well',
        '每个目标保持一个连接；超过限制后健康的目标也会显示为失联',
      ),
      fix: text(
        `raise it: LimitNOFILE=${Math.max(65_536, targets * 2)} in the unit, or ulimit -n`,
        `提高限制：单元文件中 LimitNOFILE=${Math.max(65_536, targets * 2)}，或 ulimit -n`,
      ),
    },
  ]
}

function containerFindings({ host }: Facts): Finding[] {
  const user = host.isRoot ? 'root' : `uid ${host.uid ?? '?'}`
  const findings: Finding[] = [
    {
      id: 'user',
      status: 'ok',
      subject: '',
      seen: text(`runs as ${user}`, `运行用户：${user}`),
    },
  ]
  if (host.containerHint === null) return findings
  findings.push({
    id: 'container',
    status: 'info',
    subject: '',
    seen: text(`inside a container (${host.containerHint})`, `在容器中（${host.containerHint}）`),
    why: text(
      'a container sees only the devices, tools and processes it was given',
      '容器只能看到分配给它的设备、工具和进程',
    ),
    fix: text(
      'if something is missing here: mount the driver and its tools, pass the device files, share the host PID namespace; or run the collector on the host',
      '如有缺失：挂载驱动及其工具、传入设备文件、共享主机 PID 命名空间；或在主机上运行采集器',
    ),
  })
  return findings
}
