import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { siteModels } from './models.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plimsoll-models-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function file(text: string): Promise<string> {
  const path = join(folder, 'models.yaml')
  await writeFile(path, text)
  return path
}

it("reads a site's own models and keeps the built-in ones", async () => {
  const path = await file(`models:
  - names: [ACME X1]
    vendor: acme
    dense_bf16_tflops: { value: 500, confidence: measured, source: acceptance test 2026-10 }
`)
  const models = await siteModels(path)
  expect(models.find('acme x1')?.dense_bf16_tflops?.value).toBe(500)
  expect(models.find('NVIDIA H200')?.power_cap_watts?.value).toBe(700)
})

it('says which entry and key is wrong', async () => {
  const path = await file('models:\n  - names: [X]\n    vendor: acme\n    tdp: 500\n')
  await expect(siteModels(path)).rejects.toThrow(/models\.yaml: models\.0: .*tdp/)
  await expect(siteModels(await file('models: [')).then(() => null)).rejects.toMatchObject({
    code: 'E_CONFIG_INVALID',
  })
  await expect(siteModels(join(folder, 'none.yaml'))).rejects.toMatchObject({
    code: 'E_CONFIG_MISSING',
  })
})
