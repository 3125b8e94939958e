import type { BusFacts, Facts, SpoolFacts } from '../facts.ts'
import { type Finding, text } from '../finding.ts'

/** Below this free, the spool cannot take a few minutes of one node, bytes. */
const FULL_BYTES = 64 * 2 ** 20

const sizeText = (bytes: number) =>
  bytes >= 2 ** 30
    ? `${Math.round((bytes / 2 ** 30) * 10) / 10} GiB`
    : `${Math.round(bytes / 2 ** 20)} MiB`

/** Where batches go: the spool on disk, and the bus. */
export function checkDelivery({ spool, bus }: Facts): Finding[] {
  return [...spoolFindings(spool), ...(bus === null ? [] : busFindings(bus))]
}

function spoolFindings(spool: SpoolFacts): Finding[] {
  const { directory: subject, exists, isWritable, problem } = spool
  if (!isWritable)
    return [
      {
        id: 'spool',
        status: 'problem',
        subject,
        seen: text(`cannot be written: ${problem ?? '?'}`, `无法写入：${problem ?? '?'}`),
        why: text(
          'a collector without its spool does not start: what is not on disk is lost with the network',
          '没有缓存目录采集器无法启动：未落盘的数据会随网络故障丢失',
        ),
        fix: text(
          'create it for the user of the collector, or name another (spool.directory, --data)',
          '为采集器用户创建该目录，或另指定（spool.directory、--data）',
        ),
      },
    ]
  const findings: Finding[] = [
    {
      id: 'spool',
      status: 'ok',
      subject,
      seen: exists
        ? text(
            `can be written, holds ${sizeText(spool.usedBytes)}`,
            `可写，已用 ${sizeText(spool.usedBytes)}`,
          )
        : text('can be created', '可以创建'),
    },
  ]
  if (spool.fileSystem === 'tmpfs' || spool.fileSystem === 'nfs')
    findings.push({
      id: 'spool',
      status: 'warning',
      subject,
      seen: text(`lies on ${spool.fileSystem}`, `位于 ${spool.fileSystem}`),
      why:
        spool.fileSystem === 'tmpfs'
          ? text('a reboot empties it, and it takes memory', '重启后清空，并占用内存')
          : text(
              'locks and syncing over the network are not to be relied on',
              '网络上的锁和同步不可靠',
            ),
      fix: text('put it on a local disk (spool.directory)', '放在本地磁盘上（spool.directory）'),
    })
  return [...findings, ...spaceFindings(spool)]
}

function spaceFindings({
  directory: subject,
  freeBytes,
  usedBytes,
  limitBytes,
}: SpoolFacts): Finding[] {
  if (freeBytes === null) return []
  const wanted = limitBytes - usedBytes
  const seen = text(
    `${sizeText(freeBytes)} free; it may grow by ${sizeText(Math.max(0, wanted))}`,
    `剩余 ${sizeText(freeBytes)}；还可能增长 ${sizeText(Math.max(0, wanted))}`,
  )
  if (freeBytes >= wanted) return [{ id: 'spool-space', status: 'ok', subject, seen }]
  return [
    {
      id: 'spool-space',
      status: freeBytes < FULL_BYTES ? 'problem' : 'warning',
      subject,
      seen,
      why: text(
        'while the bus or the store is away the spool grows; a full disk makes it drop its oldest batches earlier than planned',
        '总线或存储不可用时缓存会增长；磁盘写满会使最旧的批次比预期更早被丢弃',
      ),
      fix: text(
        'free space, or lower spool.max_bytes to what the disk has',
        '释放空间，或将 spool.max_bytes 调低到磁盘容量之内',
      ),
    },
  ]
}

function busFindings(bus: BusFacts): Finding[] {
  const { address: subject, state, detail } = bus
  if (state !== 'ok')
    return [
      {
        id: 'bus',
        status: 'problem',
        subject,
        seen: text(detail, detail),
        why: text(
          'batches stay in the spool until the bus answers; nothing reaches a screen meanwhile',
          '在总线恢复之前批次留在缓存中，期间屏幕上看不到任何数据',
        ),
        fix:
          state === 'away'
            ? text(
                'check address, firewall, certificate and login (--nats, --nats-creds); nats-server must run with JetStream',
                '检查地址、防火墙、证书和登录（--nats、--nats-creds）；nats-server 必须启用 JetStream',
              )
            : text('upgrade nats-server, or start it with -js', '升级 nats-server，或用 -js 启动'),
      },
    ]
  const trip = bus.roundTripMs === null ? '' : `, ${Math.round(bus.roundTripMs)} ms`
  const seen = `nats-server ${bus.serverVersion ?? '?'}${trip}`
  return [{ id: 'bus', status: 'ok', subject, seen: text(seen, seen) }, streamFinding(bus)]
}

function streamFinding({ stream, streamName }: BusFacts): Finding {
  const base = { id: 'bus-stream', subject: streamName } as const
  if (stream === 'present')
    return { ...base, status: 'ok', seen: text('the stream is there', '流已存在') }
  if (stream === 'missing')
    return {
      ...base,
      status: 'problem',
      seen: text('the stream does not exist', '流不存在'),
      why: text(
        'what is published without it is refused, so batches stay in the spool',
        '没有它，发布会被拒绝，批次留在缓存中',
      ),
      fix: text(
        'run plimsoll migrate with NATS_URL once, or start ingest',
        '设置 NATS_URL 后运行一次 plimsoll migrate，或启动 ingest',
      ),
    }
  return {
    ...base,
    status: 'info',
    seen: text(
      'this login may not ask about streams, or no answer came',
      '此登录无权查询流，或没有应答',
    ),
    why: text(
      'a collector needs no such right; whether the stream exists was therefore not checked',
      '采集器不需要该权限，因此未能检查流是否存在',
    ),
    fix: text(
      'nothing, if batches arrive; else ask with the login of ingest (--nats-creds)',
      '若批次正常到达则无需处理；否则用 ingest 的登录查询（--nats-creds）',
    ),
  }
}
