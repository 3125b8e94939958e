/** One InfiniBand or RoCE port of a simulated node, as node_exporter reports it. */
export interface SimulatedPort {
  readonly device: string
  readonly port: string
  /** 1 down, 2 initialising, 3 armed, 4 active. */
  readonly stateId: number
  readonly rateBytesPerSecond: number
  readonly downs: number
  readonly symbolErrors: number
  readonly receivedBytes: number
  readonly sentBytes: number
}

/** One node as node_exporter sees it, native units. */
export interface SimulatedNode {
  /** Set on a page that a Prometheus server federates from several nodes. */
  readonly instance: string | null
  readonly load1: number
  /** Per CPU: seconds by mode. */
  readonly cpus: readonly Readonly<Record<'user' | 'system' | 'idle' | 'iowait', number>>[]
  readonly memoryTotalBytes: number
  readonly memoryAvailableBytes: number
  readonly processesBlocked: number
  /** Disk name -> bytes; partitions of it are printed with the same bytes. */
  readonly disks: readonly {
    readonly device: string
    readonly read: number
    readonly written: number
  }[]
  readonly filesystems: readonly {
    readonly mountpoint: string
    readonly fstype: string
    readonly sizeBytes: number
    readonly availableBytes: number
    readonly isStale: boolean
  }[]
  readonly interfaces: readonly {
    readonly device: string
    readonly received: number
    readonly sent: number
  }[]
  readonly clockOffsetSeconds: number
  readonly isClockSynchronised: boolean
  readonly bootTimeSeconds: number
  readonly ports: readonly SimulatedPort[]
}

type Labels = Readonly<Record<string, string>>

/** A page of node_exporter for one node, or what federation makes of several. */
export function writeNodeExporter(nodes: readonly SimulatedNode[], version = '1.9.1'): string {
  const lines: string[] = []
  for (const node of nodes) {
    const own: Labels = node.instance === null ? {} : { instance: node.instance }
    const put = (name: string, value: number, labels: Labels = {}) =>
      void lines.push(sample(name, { ...labels, ...own }, value))
    put('node_exporter_build_info', 1, { version, goversion: 'go1.24.1' })
    putSystem(node, put)
    putStorage(node, put)
    for (const { device, received, sent } of node.interfaces) {
      put('node_network_receive_bytes_total', received, { device })
      put('node_network_transmit_bytes_total', sent, { device })
    }
    for (const port of node.ports) putPort(port, put)
  }
  return `${lines.join('\n')}\n`
}

type Put = (name: string, value: number, labels?: Labels) => void

function putSystem(node: SimulatedNode, put: Put): void {
  put('node_load1', node.load1)
  for (const [cpu, modes] of node.cpus.entries())
    for (const [mode, seconds] of Object.entries(modes))
      put('node_cpu_seconds_total', seconds, { cpu: String(cpu), mode })
  put('node_memory_MemTotal_bytes', node.memoryTotalBytes)
  put('node_memory_MemAvailable_bytes', node.memoryAvailableBytes)
  put('node_procs_blocked', node.processesBlocked)
  put('node_timex_offset_seconds', node.clockOffsetSeconds)
  put('node_timex_sync_status', node.isClockSynchronised ? 1 : 0)
  put('node_boot_time_seconds', node.bootTimeSeconds)
}

function putStorage(node: SimulatedNode, put: Put): void {
  for (const { device, read, written } of node.disks)
    for (const name of [device, device.startsWith('nvme') ? `${device}p1` : `${device}1`, 'dm-0']) {
      put('node_disk_read_bytes_total', read, { device: name })
      put('node_disk_written_bytes_total', written, { device: name })
    }
  for (const { mountpoint, fstype, sizeBytes, availableBytes, isStale } of node.filesystems) {
    const labels = { device: `dev-of-${mountpoint}`, device_error: '', fstype, mountpoint }
    const said = { ...labels, device_error: isStale ? 'mountpoint timeout' : '' }
    put('node_filesystem_device_error', isStale ? 1 : 0, said)
    if (isStale) continue
    put('node_filesystem_size_bytes', sizeBytes, labels)
    put('node_filesystem_avail_bytes', availableBytes, labels)
  }
}

function putPort(port: SimulatedPort, put: Put): void {
  const labels = { device: port.device, port: port.port }
  put('node_infiniband_state_id', port.stateId, labels)
  put('node_infiniband_rate_bytes_per_second', port.rateBytesPerSecond, labels)
  put('node_infiniband_link_downed_total', port.downs, labels)
  put('node_infiniband_symbol_error_total', port.symbolErrors, labels)
  put('node_infiniband_port_data_received_bytes_total', port.receivedBytes, labels)
  put('node_infiniband_port_data_transmitted_bytes_total', port.sentBytes, labels)
}

/** One accelerator of a simulated vendor's exporter; the units are that exporter's own. */
export interface SimulatedAccelerator {
  readonly uuid: string
  readonly index: number
  readonly model: string
  readonly node: string
  readonly busyPercent: number
  readonly memoryUsedBytes: number
  readonly memoryTotalBytes: number
  readonly temperatureCelsius: number
  readonly powerWatts: number
}

/** A page of MetaX's exporter: board power in milliwatts, memory in KiB. */
export function writeMetax(devices: readonly SimulatedAccelerator[]): string {
  return page(
    devices.flatMap((device) => {
      const labels = {
        Hostname: device.node,
        deviceId: String(device.index),
        modelName: device.model,
        uuid: device.uuid,
      }
      const memory = { ...labels, type: 'vram' }
      return [
        sample('mx_gpu_usage', labels, device.busyPercent),
        sample('mx_memory_used', memory, device.memoryUsedBytes / 1024),
        sample('mx_memory_total', memory, device.memoryTotalBytes / 1024),
        sample('mx_memory_total', { ...labels, type: 'xtt' }, 1024),
        sample('mx_chip_hotspot_temp', labels, device.temperatureCelsius),
        sample('mx_board_power', labels, device.powerWatts * 1000),
      ]
    }),
  )
}

/** A page of Hygon's exporter, with a slice of each device that repeats its load. */
export function writeHygon(devices: readonly SimulatedAccelerator[]): string {
  return page(
    devices.flatMap((device) => {
      const labels = {
        device_id: device.uuid,
        minor_number: String(device.index),
        name: device.model,
        node: device.node,
      }
      return [
        sample('dcu_utilizationrate', labels, device.busyPercent),
        sample('dcu_usedmemory_bytes', labels, device.memoryUsedBytes),
        sample('dcu_memorycap_bytes', labels, device.memoryTotalBytes),
        sample('dcu_temp', labels, device.temperatureCelsius),
        sample('dcu_power_usage', labels, device.powerWatts),
        sample('vdcu_utilizationrate', { ...labels, vdcu: '0' }, device.busyPercent),
      ]
    }),
  )
}

const page = (lines: readonly string[]) => `${lines.join('\n')}\n`

function sample(name: string, labels: Labels, value: number): string {
  const text = Object.entries(labels)
    .map(([label, said]) => `${label}="${said.replaceAll(/["\\]/g, '')}"`)
    .join(',')
  return text === '' ? `${name} ${value}` : `${name}{${text}} ${value}`
}
