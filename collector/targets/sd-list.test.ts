import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parsePrometheusTargets } from './prometheus.ts'
import { parseTargetList } from './sd-list.ts'
import { toTarget } from './target.ts'

describe('target lists in the form of Prometheus', () => {
  it('JSON and YAML say the same', () => {
    const json =
      '[{"targets": ["n1:9400", "n2:9400"], "labels": {"hall": "h2", "rack": 7, "other": "x"}}]'
    const yaml = '- targets:\n  - n1:9400\n  - n2:9400\n  labels:\n    hall: h2\n    rack: 7\n'
    const targets = parseTargetList(json, 'a.json', 'me')
    expect(parseTargetList(yaml, 'a.yaml', 'me')).toEqual(targets)
    expect(targets[1]).toMatchObject({
      address: 'http://n2:9400/metrics',
      node: 'n2',
      hall: 'h2',
      rack: '7',
    })
  })

  it('a target label names the node before any discovered one; scheme and path labels are obeyed', () => {
    const [target] = parseTargetList(
      '[{"targets": ["10.1.2.3:9400"], "labels": {"node": "h2-r01-n01", "__meta_kubernetes_pod_node_name": "k8s", "__scheme__": "https", "__metrics_path__": "/m"}}]',
      'a.json',
      'me',
    )
    expect(target).toMatchObject({
      node: 'h2-r01-n01',
      isNodeNamed: true,
      address: 'https://10.1.2.3:9400/m',
    })
  })

  it.each(['', '{}', '"x"', '[1]', '[{"labels": {}}]', '[{"targets": ["no port"]}]', '[{', ': :'])(
    '%j is refused as a whole, naming the list',
    (text) => {
      expect(() => parseTargetList(text, 'site.json', 'me')).toThrow('site.json')
    },
  )

  it('any text is read or refused with a code', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        try {
          parseTargetList(text, 'x', 'me')
        } catch (error) {
          expect(error).toMatchObject({ code: 'E_TARGETS_INVALID' })
        }
      }),
    )
  })
})

describe('targets of a Prometheus server', () => {
  const active = (scrapeUrl: string, labels: object, discoveredLabels = {}) => ({
    scrapeUrl,
    labels,
    discoveredLabels,
    health: 'up',
  })
  const answer = (...activeTargets: object[]) =>
    JSON.stringify({ status: 'success', data: { activeTargets, droppedTargets: [] } })

  it('exporters are found by job, by Kubernetes label or by port, others are left alone', () => {
    const targets = parsePrometheusTargets(
      answer(
        active('http://10.0.0.1:9401/metrics', { job: 'nvidia-dcgm-exporter', node: 'a1' }),
        active(
          'http://10.0.0.2:8080/metrics',
          { job: 'pods', instance: '10.0.0.2:8080' },
          {
            __meta_kubernetes_pod_label_app_kubernetes_io_name: 'dcgm-exporter',
            __meta_kubernetes_pod_node_name: 'a2',
          },
        ),
        active('http://10.0.0.3:9400/metrics', { job: 'gpu', instance: 'a3.site:9400' }),
        active('http://10.0.0.4:9100/metrics', { job: 'node', instance: 'a4:9100' }),
      ),
      'prom',
      'me',
    )
    expect(targets.map((target) => target.node)).toEqual(['a1', 'a2', 'a3.site'])
  })

  it.each(['', 'null', '<html>', '{"status":"error"}', '{"status":"success","data":{}}'])(
    '%j is refused with a hint',
    (text) => expect(() => parsePrometheusTargets(text, 'p', 'me')).toThrow('Prometheus server'),
  )
})

describe('one target', () => {
  it('loopback is this machine, an IP address stays an address until the output names its node', () => {
    expect(toTarget('localhost:9400', {}, 'me')).toMatchObject({ node: 'me', isNodeNamed: false })
    expect(toTarget('10.0.0.1:9400', {}, 'me')).toMatchObject({
      node: '10.0.0.1',
      isNodeNamed: false,
    })
    expect(toTarget('[fd00::1]:9400', {}, 'me')).toMatchObject({ node: 'fd00::1' })
    expect(toTarget('http://gpu/x?a=1', {}, 'me')).toMatchObject({ address: 'http://gpu/x?a=1' })
  })

  it('labels are data: SQL and paths stay as they are, control characters go', () => {
    const target = toTarget(
      'n:1',
      { hall: "'; DROP TABLE x --", rack: '../../etc\u0000/passwd\n' },
      'me',
    )
    expect(target).toMatchObject({ hall: "'; DROP TABLE x --", rack: '../../etc/passwd' })
  })
})
