import { remembered } from '../../formats/same-text.ts'

/** An object of a JSON answer; its values are whatever the device sent. */
export type Json = Readonly<Record<string, unknown>>

export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A property that is an object, else an empty one. */
export const child = (resource: Json, name: string): Json => {
  const value = resource[name]
  return isJson(value) ? value : {}
}

/** A property that is a list: its objects. */
export const children = (resource: Json, name: string): Json[] => {
  const value = resource[name]
  return Array.isArray(value) ? value.filter(isJson) : []
}

/** A property that is text, else empty. */
export const word = (resource: Json, name: string): string => {
  const value = resource[name]
  return typeof value === 'string' ? value : ''
}

/** Target of a link property, or empty. */
export const linkOf = (resource: Json, name: string): string =>
  word(child(resource, name), '@odata.id')

/** `CoolantConnector` of `#CoolantConnector.v1_0_2.CoolantConnector`: what is read must not depend on the version. */
export const typeOf = (resource: Json): string => typeNamed(word(resource, '@odata.type'))

const typeNamed = remembered((name) => /^#?([A-Za-z]+)\./.exec(name)?.[1] ?? '')
