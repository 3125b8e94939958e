import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { PlimsollError } from '#schemas/errors.ts'
import { BUILT_IN_MODELS } from '#schemas/models/built-in.ts'
import { modelCatalogue, type ModelCatalogue, ModelFile } from '#schemas/models/model.ts'

/**
 * The model catalogue with the site's own file before the built-in entries. Throws E_CONFIG_MISSING when the file
 * cannot be read and E_CONFIG_INVALID, naming entry and key, when it cannot be understood.
 */
export async function siteModels(path: string | undefined): Promise<ModelCatalogue> {
  if (path === undefined) return modelCatalogue(BUILT_IN_MODELS)
  return modelCatalogue(BUILT_IN_MODELS, entriesOf(await textOf(path), path))
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new PlimsollError('E_CONFIG_MISSING', `${path} cannot be read`, { cause })
  }
}

function entriesOf(text: string, path: string) {
  let given: unknown
  try {
    given = parse(text)
  } catch (cause) {
    const why = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : ''
    throw new PlimsollError('E_CONFIG_INVALID', `${path} is no YAML: ${why}`, { cause })
  }
  const file = ModelFile.safeParse(given)
  if (file.success) return file.data.models
  const issue = file.error.issues[0]
  const where = issue?.path.join('.') ?? ''
  throw new PlimsollError(
    'E_CONFIG_INVALID',
    `${path}: ${where}: ${issue?.message ?? 'not understood'}`,
  )
}
