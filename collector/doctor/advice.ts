import type { Source } from '../source.ts'
import type { Bilingual } from '#schemas/faults.ts'
import { text } from './finding.ts'

/** Why a read failed and what to do, by the reason codes that sources use (facts: vendor fact sheets). */
const ADVICE: Readonly<Record<string, Bilingual>> = {
  refused: text(
    'nothing listens there: start the exporter on the node, or correct the port',
    '该地址没有服务在监听：启动节点上的导出器，或更正端口',
  ),
  dns: text('the host name cannot be resolved: correct it', '主机名无法解析：请更正'),
  tls: text('check scheme and certificate of the target', '检查目标的协议和证书'),
  http_401: text('the target asks for a login: put it into its URL', '目标需要登录：在 URL 中给出'),
  http_404: text(
    'the path is wrong: exporters serve /metrics',
    '路径错误：导出器的路径是 /metrics',
  ),
  http_500: text(
    'a collector inside the exporter fails: its log names the field or the GPU; take that field out of its counters file, or reset the GPU',
    '导出器内部的采集失败：其日志会指出字段或 GPU；从计数器文件中去掉该字段，或复位该 GPU',
  ),
  empty_page: text(
    'an exporter that answers without a GPU has lost its host engine or its GPUs: restart it, then look at nvidia-smi -L',
    '导出器有应答但没有 GPU：它已失去 host engine 或 GPU；重启它，再查看 nvidia-smi -L',
  ),
  no_gpu_rows: text(
    'the exporter runs without seeing a GPU: give its container the devices (NVIDIA runtime), then restart it',
    '导出器看不到 GPU：为其容器配置设备（NVIDIA runtime），然后重启',
  ),
  not_exporter_text: text(
    'something else answers at this address: correct the target',
    '该地址上是其他服务：请更正目标',
  ),
  empty_table: text(
    'npu-smi printed no chip, or only zeros, which is how a failed query looks: npu-smi info -t health, then dmesg; reload the driver or reboot',
    'npu-smi 没有输出芯片或全为零（查询失败时即如此）：运行 npu-smi info -t health 并查看 dmesg；重载驱动或重启',
  ),
  'dcmi_-8005': text(
    'the driver cannot be reached: not root, no /dev/davinci* here, the device was given to another container, or the driver was upgraded without a reboot',
    '无法连接驱动：非 root、此处没有 /dev/davinci*、设备已分配给其他容器，或驱动升级后未重启',
  ),
  'dcmi_-8020': text(
    'another container holds the device exclusively: run the collector on the host, or share the device with it',
    '设备被其他容器独占：在主机上运行采集器，或与其共享设备',
  ),
  'dcmi_-8002': text(
    'the user may not ask the driver: run as root or in the group HwHiAiUser',
    '该用户无权访问驱动：以 root 或 HwHiAiUser 组运行',
  ),
  'dcmi_-8008': text(
    'the driver lists no device: lspci -d 19e5: tells whether the card is still on the bus',
    '驱动没有列出设备：用 lspci -d 19e5: 查看卡是否仍在总线上',
  ),
  'dcmi_-8017': text('firmware is being upgraded: wait', '固件正在升级：请等待'),
  driver_not_ready: text(
    'the driver is half up: wait, then reload it',
    '驱动尚未就绪：等待，然后重新加载',
  ),
  invalid_card: text(
    'a card fell off the bus, or its id is stale: compare npu-smi info -l and lspci with the inventory',
    '卡已掉线或编号过期：将 npu-smi info -l 和 lspci 与清单核对',
  ),
  not_permitted: text(
    'the user may not run the tool: run as root, or give execute permission',
    '该用户无权运行工具：以 root 运行，或授予执行权限',
  ),
  library_missing: text(
    'the tool is here but its driver libraries are not: mount them into the container (Ascend: /usr/local/Ascend/driver/lib64) and set LD_LIBRARY_PATH',
    '工具存在但缺少驱动库：把库挂载进容器（昇腾：/usr/local/Ascend/driver/lib64）并设置 LD_LIBRARY_PATH',
  ),
  driver_not_loaded: text(
    'the kernel driver is not loaded or does not fit the tool: load it, reboot after an upgrade',
    '内核驱动未加载或与工具版本不符：加载驱动，升级后请重启',
  ),
  source_defect: text(
    'a defect in Plimsoll: send the file of plimsoll doctor --bundle',
    'Plimsoll 自身缺陷：请发送 plimsoll doctor --bundle 生成的文件',
  ),
}

/** Where a reason means something else, or more, at one source: `source reason`. */
const BY_SOURCE: Readonly<Record<string, Bilingual>> = {
  'redfish http_401': text(
    'the device refuses the login: correct user and password; tries become rarer, so that the account is not locked',
    '设备拒绝登录：更正用户名和密码；重试间隔会逐渐拉长，以免账户被锁定',
  ),
  'redfish login_refused': text(
    'the device refused the login: correct user and password, then wait for the next try',
    '设备拒绝了登录：更正用户名和密码，然后等待下一次尝试',
  ),
  'redfish http_403': text(
    'the account may not read this: give it the role ReadOnly at least',
    '该账户无权读取：至少授予 ReadOnly 角色',
  ),
  'redfish no_password': text(
    'set the variable or file that password_env or password_file names, also for the user that runs the collector',
    '设置 password_env 或 password_file 所指的变量或文件，运行采集器的用户也要能读到',
  ),
  'redfish tls': text(
    'name the authority of its certificate (tls: ca) or its fingerprint (tls: fingerprints)',
    '在配置中给出其证书的颁发机构（tls: ca）或指纹（tls: fingerprints）',
  ),
  'redfish slow': text(
    'slow controllers take many seconds at first: try --timeout 60',
    '较慢的管理控制器首次应答需要很多秒：试试 --timeout 60',
  ),
  'redfish timeout': text(
    'management controllers take many seconds at first: try --timeout 60; if its own page does not open either, restart the controller',
    '管理控制器首次应答可能很慢：试试 --timeout 60；若其网页也打不开，请重启控制器',
  ),
  'snmp no_secret': text(
    'set the variable or file with the community or the keys, also for the user that runs the collector',
    '设置团体名或密钥所在的变量或文件，运行采集器的用户也要能读到',
  ),
  'snmp no_profile': text(
    'no profile fits this device: name one (profile), or write one (see the README of snmp)',
    '没有匹配此设备的配置模板：用 profile 指定，或自行编写（见 snmp 的 README）',
  ),
  'modbus no_map': text(
    'name a register map for this target: it comes with the contract of the device',
    '为该目标指定寄存器映射表：它随设备合同提供',
  ),
  'modbus no_values': text(
    'compare addresses (one-based?), types and word order of the map with the manual and one value with the panel',
    '将映射表的地址（是否从 1 开始）、类型和字序与手册核对，并用面板上的一个值比较',
  ),
  'modbus exception_2': text(
    'compare addresses with the manual (are they one-based?), the unit id, and the gap of the map',
    '将地址与手册核对（是否从 1 开始），并检查单元号和映射表的 gap',
  ),
  'meter-csv no_file': text(
    'correct path or pattern, or see why the export stopped',
    '更正 path 或 pattern，或查看导出为何停止',
  ),
  'meter-csv bad_header': text(
    'name the columns with the option columns (see the README of meter-csv)',
    '用 columns 选项说明各列（见 meter-csv 的 README）',
  ),
  'meter-push no_token': text(
    'put a token of 16 characters or more where token_env or token_file says, and restart the collector',
    '在 token_env 或 token_file 所指之处放入至少 16 个字符的令牌，并重启采集器',
  ),
}

const TIMEOUT: Readonly<Record<Source['transport'], Bilingual>> = {
  snmp: text(
    'the device does not answer: check address, UDP port 161 and its access list; a wrong community or user is answered by silence too',
    '设备无应答：检查地址、UDP 161 端口和访问列表；团体名或用户错误时设备同样不应答',
  ),
  modbus: text(
    'the gateway does not answer: check address, TCP port 502, the unit id, and how many masters it serves at once',
    '网关无应答：检查地址、TCP 502 端口、单元号，以及网关允许的并发主站数',
  ),
  file: text(
    'the file system does not answer: check whether its mount hangs',
    '文件系统无响应：检查挂载是否挂死',
  ),
  http: text(
    'the exporter is overloaded or one of its devices hangs: look at its log and at dmesg, then restart it',
    '导出器过载或某个设备挂起：查看其日志和 dmesg，然后重启它',
  ),
  command: text(
    'a tool that hangs usually waits for a driver call: look at dmesg for a lost device; end other runs of the tool; a reboot may be needed',
    '工具挂起通常是在等待驱动调用：查看 dmesg 是否有设备丢失；结束该工具的其他进程；可能需要重启',
  ),
}

const BY_HAND: Readonly<Record<Source['transport'], Bilingual>> = {
  snmp: text('ask it by hand: snmpwalk from here', '在此用 snmpwalk 手动查询'),
  modbus: text('read a register by hand with another tool', '用其他工具手动读取一个寄存器'),
  file: text('look at the file by hand on this machine', '在本机手动查看该文件'),
  http: text('look at the page by hand: curl it from here', '手动查看页面：在此用 curl 访问'),
  command: text('run the tool by hand on this machine', '在本机手动运行该工具'),
}

/** What to do about a failed read; `detail` is the source's own sentence, used where we have no line. */
export function adviceFor(
  reason: string,
  { name, transport }: Pick<Source, 'name' | 'transport'>,
  detail: string | null,
): Bilingual {
  const own = BY_SOURCE[`${name} ${reason}`]
  if (own !== undefined) return own
  if (reason === 'timeout' || reason === 'still_running') return TIMEOUT[transport]
  const known = ADVICE[reason]
  if (known !== undefined) return known
  const fallback = BY_HAND[transport]
  return detail === null ? fallback : text(detail, `${fallback.zh}（${detail}）`)
}
