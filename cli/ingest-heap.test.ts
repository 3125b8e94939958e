import { expect, it } from 'vitest'
import { countBuffersAsHeap } from './ingest-heap.ts'

it('sets the flag only where V8 knows it', () => {
  const set: string[] = []
  countBuffersAsHeap({ v8: '13.6.233.17-node.41' }, (flag) => set.push(flag))
  expect(set).toEqual(['--external-memory-accounted-in-global-limit'])
  countBuffersAsHeap({ v8: '15.1.1' }, (flag) => set.push(flag))
  expect(set).toHaveLength(1)
})
