import type { PipelineFinding } from '#schemas/api-pipeline.ts'

/** A sentence in both languages. */
export interface Said {
  readonly en: string
  readonly zh: string
}

/** What can be wrong: where, how it is said, what to do next, and the heading of docs/pipeline.md. */
interface Words {
  readonly stage: PipelineFinding['stage']
  readonly message: (...values: readonly string[]) => Said
  readonly next: Said
  readonly docs: string
}

export const FINDINGS = {
  store_away: {
    stage: 'store',
    message: () => ({
      en: 'the store does not answer; figures that come from it are as of its last answer',
      zh: '存储没有应答；来自存储的数据为其最后一次应答时的数据',
    }),
    next: {
      en: 'Look at the engine or the ClickHouse server: its log, its memory, its disk. Nothing is lost meanwhile: spools and the bus keep the messages.',
      zh: '请检查引擎或 ClickHouse 服务器的日志、内存和磁盘。期间数据不会丢失：缓冲区和总线会保留消息。',
    },
    docs: 'store',
  },
  disk_stopped: {
    stage: 'store',
    message: (disk, percent) => ({
      en: `${disk} is ${percent} full: ingest takes nothing until there is room`,
      zh: `${disk} 已使用 ${percent}：在腾出空间之前不再写入`,
    }),
    next: {
      en: 'Free or add space on that disk; ingest goes on by itself below 93 %.',
      zh: '请在该磁盘上腾出或增加空间；低于 93 % 后写入会自动恢复。',
    },
    docs: 'disks',
  },
  disk_warning: {
    stage: 'store',
    message: (disk, percent) => ({
      en: `${disk} is ${percent} full; at 95 % ingest stops taking messages`,
      zh: `${disk} 已使用 ${percent}；达到 95 % 时将停止写入`,
    }),
    next: {
      en: 'Free or add space before it stops.',
      zh: '请在停止写入之前腾出或增加空间。',
    },
    docs: 'disks',
  },
  store_memory: {
    stage: 'store',
    message: (percent) => ({
      en: `the store uses ${percent} of the memory it may use`,
      zh: `存储已使用其可用内存的 ${percent}`,
    }),
    next: {
      en: 'Queries will be refused when it is reached; give it more memory or ask narrower questions.',
      zh: '达到上限后查询会被拒绝；请增加内存，或缩小查询范围。',
    },
    docs: 'store',
  },
  store_restarted: {
    stage: 'store',
    message: (age) => ({
      en: `the store started again ${age} ago`,
      zh: `存储在 ${age} 前重新启动过`,
    }),
    next: {
      en: 'If nobody restarted it, read its log: memory is the usual reason.',
      zh: '如非人为重启，请查看其日志：常见原因是内存不足。',
    },
    docs: 'store',
  },
  ingest_never: {
    stage: 'ingest',
    message: () => ({
      en: 'no ingest process has ever reported',
      zh: '从未有写入进程报告过状态',
    }),
    next: {
      en: 'Start plimsoll ingest (or plimsoll all); one of version 0.2 or older does not report.',
      zh: '请启动 plimsoll ingest（或 plimsoll all）；0.2 及更早版本不会报告状态。',
    },
    docs: 'processes',
  },
  ingest_silent: {
    stage: 'ingest',
    message: (process, age) => ({
      en: `${process} has been silent for ${age}: its messages wait in the bus and in spools`,
      zh: `${process} 已 ${age} 没有消息：其数据在总线和缓冲区中等待`,
    }),
    next: {
      en: 'Is the process running? Its log names the reason; start it again. What waits is stored when it is back.',
      zh: '进程是否在运行？日志会说明原因；请重新启动它。恢复后等待的数据会写入。',
    },
    docs: 'processes',
  },
  shard_failed: {
    stage: 'ingest',
    message: (shard, detail) => ({
      en: `shard ${shard} does not work: ${detail}`,
      zh: `分片 ${shard} 无法工作：${detail}`,
    }),
    next: {
      en: 'Read the log of its process. A shard taken by another process means that two work on the same one.',
      zh: '请查看其进程的日志。分片被其他进程占用，说明有两个进程处理同一分片。',
    },
    docs: 'processes',
  },
  shard_bus_away: {
    stage: 'bus',
    message: (shard, detail) => ({
      en: `the bus does not answer shard ${shard}: ${detail}`,
      zh: `总线没有应答分片 ${shard}：${detail}`,
    }),
    next: {
      en: 'Look at the NATS server. Collectors keep what they have in their spools until it is back.',
      zh: '请检查 NATS 服务器。在其恢复之前，采集器会把数据保留在缓冲区中。',
    },
    docs: 'bus',
  },
  shard_store_away: {
    stage: 'store',
    message: (shard, detail) => ({
      en: `the store does not take what shard ${shard} has: ${detail}`,
      zh: `存储没有接收分片 ${shard} 的数据：${detail}`,
    }),
    next: {
      en: 'Look at the store. The insert is repeated, under the same token, until it succeeds.',
      zh: '请检查存储。写入会以相同令牌重复，直到成功。',
    },
    docs: 'store',
  },
  lag: {
    stage: 'ingest',
    message: (shard, messages, age) => ({
      en: `shard ${shard} is behind: ${messages} messages wait, its newest sample is ${age} old`,
      zh: `分片 ${shard} 落后：${messages} 条消息等待中，最新样本为 ${age} 前`,
    }),
    next: {
      en: 'Is the insert time up, or is more coming than before? Give the store or ingest more of a machine, or more shards.',
      zh: '是写入变慢，还是数据变多？请为存储或写入进程增加资源，或增加分片。',
    },
    docs: 'lag',
  },
  nothing_arrives: {
    stage: 'collectors',
    message: (age) => ({
      en: `no new sample for ${age}, though nothing waits to be stored`,
      zh: `已 ${age} 没有新样本，且没有等待写入的数据`,
    }),
    next: {
      en: 'Look at the collectors below, and whether they can reach the bus.',
      zh: '请查看下方的采集器，以及它们能否连接总线。',
    },
    docs: 'lag',
  },
  nothing_yet: {
    stage: 'collectors',
    message: () => ({ en: 'nothing has arrived yet', zh: '尚未收到任何数据' }),
    next: {
      en: 'Start a collector, or point it at exporters: docs/collector.md.',
      zh: '请启动采集器，或为其指定导出器：docs/collector.md。',
    },
    docs: 'lag',
  },
  stream_full: {
    stage: 'bus',
    message: (stream, percent) => ({
      en: `the stream ${stream} is ${percent} full`,
      zh: `消息流 ${stream} 已使用 ${percent}`,
    }),
    next: {
      en: 'A full stream refuses and collectors keep their data in spools. Is ingest behind? Otherwise raise the bound of the stream.',
      zh: '写满后总线会拒绝消息，数据保留在采集器缓冲区。写入是否落后？否则请提高消息流上限。',
    },
    docs: 'bus',
  },
  collectors_silent: {
    stage: 'collectors',
    message: (silent, total, worst, age) => ({
      en: `${silent} of ${total} collectors are silent; longest ${worst}, for ${age}`,
      zh: `${total} 个采集器中有 ${silent} 个没有消息；最久的是 ${worst}，已 ${age}`,
    }),
    next: {
      en: 'Is the collector running, and can its node reach the bus? What it keeps comes when it is back. One that was taken away for good leaves this list after seven days.',
      zh: '采集器是否在运行，其节点能否连接总线？恢复后保留的数据会补上。永久移除的采集器七天后从此列表消失。',
    },
    docs: 'collectors',
  },
  collectors_alarm: {
    stage: 'collectors',
    message: (alarmed) => ({
      en: `the disk refuses batches on ${alarmed} collectors: they are only in memory`,
      zh: `${alarmed} 个采集器的磁盘拒绝写入：批次仅保存在内存中`,
    }),
    next: {
      en: 'Make room on the disk of their spool; what is only in memory is lost when the process ends.',
      zh: '请在缓冲区所在磁盘腾出空间；仅在内存中的数据会随进程结束而丢失。',
    },
    docs: 'spool',
  },
  spool_full: {
    stage: 'collectors',
    message: (percent, collector) => ({
      en: `the spool of ${collector} is ${percent} full; a full one drops its oldest batches`,
      zh: `${collector} 的缓冲区已使用 ${percent}；写满后会丢弃最旧的批次`,
    }),
    next: {
      en: 'Find out why it cannot deliver: the bus, the network, or ingest. Raise spool.max_bytes if the pause was planned.',
      zh: '请查明无法投递的原因：总线、网络或写入进程。若为计划内停顿，请提高 spool.max_bytes。',
    },
    docs: 'spool',
  },
  settle_behind: {
    stage: 'settle',
    message: (age, waiting) => ({
      en: `minutes are settled only up to ${age} ago; ${waiting} wait to be settled again`,
      zh: `分钟数据仅结算至 ${age} 前；${waiting} 个分钟等待重新结算`,
    }),
    next: {
      en: 'Compare the settle time with a minute: if one takes longer, the store needs more CPU. Reports and alerts on settled figures are late meanwhile.',
      zh: '请将结算耗时与一分钟比较：若更长，则存储需要更多 CPU。期间基于结算数据的报表和告警会延迟。',
    },
    docs: 'settle',
  },
  settle_failing: {
    stage: 'settle',
    message: (detail) => ({ en: `settling fails: ${detail}`, zh: `结算失败：${detail}` }),
    next: {
      en: 'It is tried again by itself. The log of the process that settles has the whole message.',
      zh: '系统会自动重试。完整信息见负责结算的进程的日志。',
    },
    docs: 'settle',
  },
  ledger_broken: {
    stage: 'settle',
    message: (count, example) => ({
      en: `the ledger does not add up in ${count} groups, such as ${example}`,
      zh: `账本有 ${count} 个分组对不上，例如 ${example}`,
    }),
    next: {
      en: 'Figures of these groups and windows are wrong. Settle the window again (plimsoll repair); if it breaks again, keep the database and report it.',
      zh: '这些分组在相应时段的数据有误。请重新结算该时段（plimsoll repair）；若再次出现，请保留数据库并报告。',
    },
    docs: 'ledger',
  },
  gaps: {
    stage: 'collectors',
    message: (count, collector) => ({
      en: `${count} gaps in the last 24 h: batches were lost for good, the newest by ${collector}`,
      zh: `过去 24 小时有 ${count} 处缺口：批次永久丢失，最近一处来自 ${collector}`,
    }),
    next: {
      en: 'The list below names what is gone and why; those device minutes are unknown, never idle.',
      zh: '下方列表说明缺失内容及原因；相应的设备分钟为未知，绝不算作空闲。',
    },
    docs: 'gaps',
  },
  quarantine: {
    stage: 'ingest',
    message: (count, reason) => ({
      en: `${count} messages were put into quarantine in the last 24 h, most as ${reason}`,
      zh: `过去 24 小时有 ${count} 条消息被隔离，主要原因为 ${reason}`,
    }),
    next: {
      en: 'The table quarantine holds their bytes. A collector newer than ingest, or one with a wrong name, is the usual reason.',
      zh: '表 quarantine 中保存了其内容。常见原因：采集器版本高于写入进程，或名称有误。',
    },
    docs: 'quarantine',
  },
  log_alarm: {
    stage: 'bus',
    message: (count) => ({
      en: `the log was made anew, lost its tail or dropped unread messages ${count} times since the start`,
      zh: `启动以来日志被重建、丢失尾部或丢弃未读消息共 ${count} 次`,
    }),
    next: {
      en: 'What collectors still hold is asked for and comes again; read the log of ingest for what happened.',
      zh: '采集器仍保留的数据会被要求重发；请查看写入进程的日志了解原因。',
    },
    docs: 'bus',
  },
} as const satisfies Record<string, Words>
export type FindingCode = keyof typeof FINDINGS

/** A length of time as people say it. */
export function spanOf(seconds: number): Said {
  const [size, en, zh] =
    seconds < 120
      ? ([1, 's', '秒'] as const)
      : seconds < 7_200
        ? ([60, 'min', '分钟'] as const)
        : seconds < 172_800
          ? ([3_600, 'h', '小时'] as const)
          : ([86_400, 'd', '天'] as const)
  const number = Math.round(seconds / size)
  return { en: `${number} ${en}`, zh: `${number} ${zh}` }
}

export const percentOf = (ratio: number): string => `${Math.floor(ratio * 1_000) / 10} %`
