import { z } from 'zod'

const Schema = z.looseObject({}).optional()
const Operation = z.looseObject({
  summary: z.string().optional(),
  description: z.string().optional(),
  tags: z.array(z.string()).optional(),
  parameters: z
    .array(
      z.looseObject({
        name: z.string(),
        in: z.string(),
        required: z.boolean().optional(),
        description: z.string().optional(),
        schema: Schema,
      }),
    )
    .optional(),
  requestBody: Schema,
  responses: z.record(z.string(), z.looseObject({ description: z.string().optional() })).optional(),
})
type Operation = z.infer<typeof Operation>
const Document = z.looseObject({
  info: z.looseObject({
    title: z.string(),
    version: z.string(),
    description: z.string().optional(),
  }),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
})

/** The OpenAPI document as one page without scripts, for people. */
export function docsPage(document: unknown): string {
  const { info, paths } = Document.parse(document)
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => operationHtml(method, path, operation)),
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><link rel="icon" href="/favicon.svg">
<title>${escape(info.title)}</title><link rel="stylesheet" href="/api/docs/style.css"></head>
<body><main><h1>${escape(info.title)} <small>${escape(info.version)}</small></h1>
<p>${escape(info.description ?? '')}</p>
<p><a href="/api/docs/openapi.json">OpenAPI 3.1 document</a></p>
${operations.join('\n')}</main></body></html>
`
}

function operationHtml(method: string, path: string, operation: Operation): string {
  const parameters = (operation.parameters ?? []).map(
    ({ name, in: place, required, description, schema }) =>
      `<tr><td><code>${escape(name)}</code></td><td>${escape(place)}${required === true ? ', required' : ''}</td>` +
      `<td>${escape(description ?? '')}</td><td><code>${escape(JSON.stringify(schema ?? {}))}</code></td></tr>`,
  )
  const responses = Object.entries(operation.responses ?? {}).map(
    ([status, response]) =>
      `<details><summary>${escape(status)}</summary><pre>${escape(JSON.stringify(response, null, 2))}</pre></details>`,
  )
  return `<section><h2><b>${escape(method.toUpperCase())}</b> <code>${escape(path)}</code></h2>
<p>${escape(operation.summary ?? '')}</p><p>${escape(operation.description ?? '')}</p>
${parameters.length === 0 ? '' : `<table><tr><th>name</th><th>in</th><th>what</th><th>schema</th></tr>${parameters.join('')}</table>`}
${operation.requestBody === undefined ? '' : `<details><summary>body</summary><pre>${escape(JSON.stringify(operation.requestBody, null, 2))}</pre></details>`}
${responses.join('\n')}</section>`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escape = (text: string) => text.replace(/[&<>"']/g, (char) => ENTITIES[char] ?? char)

export const DOCS_STYLE = `:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 }
main { max-width: 64rem; margin: auto; padding: 1rem }
section { border-top: 1px solid #8886; padding: 0.5rem 0 }
h2 { font-size: 1.1rem }
table { border-collapse: collapse; font-size: 0.9rem }
td, th { text-align: left; vertical-align: top; padding: 0.2rem 0.8rem 0.2rem 0 }
td code { word-break: break-all }
pre { overflow-x: auto; background: #8882; padding: 0.5rem }
`
