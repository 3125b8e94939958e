import type { SearchTexts } from './en-search.ts'

/** 搜索面板的文字，随面板加载。 */
export const zhSearch: SearchTexts = {
  title: '跳转',
  hint: '节点、UUID、序列号、作业、租户、机柜、规则、页面',
  results: '结果',
  recent: '最近',
  none: (typed: string) => `没有名为“${typed}”的对象。`,
  noneText: '名称、UUID、序列号、槽位或设备编号的一部分即可；设备至少输入三个字符。',
  empty: '输入名称的一部分。两个词须同时出现；“节点名 5”表示该节点上序号为 5 的设备。',
  more: '还有更多，请继续输入。',
  offline: '服务器没有应答；仍可跳转到各页面。',
  searching: '搜索中',
  all: (typed: string) => `包含“${typed}”的全部设备`,
  found: (n: string) => `${n} 条结果`,
  devices: (n: string) => `${n} 台设备`,
  kinds: {
    page: '页面',
    node: '节点',
    device: '设备',
    job: '作业',
    tenant: '租户',
    rack: '机柜',
    hall: '机房',
    cluster: '集群',
    rule: '告警规则',
  },
  keys: { move: '选择', open: '打开', close: '关闭' },
}
