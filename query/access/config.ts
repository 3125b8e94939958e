import { isIP } from 'node:net'
import { z } from 'zod'

/** What a person or program may do; each role includes the ones before it. */
export const ROLES = ['read', 'operate', 'admin'] as const
export const AccessRole = z.enum(ROLES)
export type AccessRole = z.infer<typeof AccessRole>

const Cidr = z.string().refine((text) => {
  const [address = '', bits = ''] = text.split('/')
  const family = isIP(address)
  return family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
}, 'an address range like 10.0.0.0/8')

/** How the query service is reached and by whom. */
export const AccessConfig = z.strictObject({
  /** Address to listen on. Anything beyond loopback needs a token. */
  host: z.string().min(1).default('127.0.0.1'),
  /** 0 = any free port. */
  port: z.int().min(0).max(65_535).default(8440),
  /** Names, without port, under which browsers and programs reach this server through a proxy or DNS. */
  public_names: z.array(z.string().min(1).max(253)).max(100).default([]),
  /** Proxies whose X-Forwarded-* and identity headers are believed. */
  trusted_proxies: z.array(Cidr).max(100).default([]),
  /** Header in which those proxies name the signed-in person, and what such a person may do. */
  identity: z
    .strictObject({
      header: z.string().regex(/^[A-Za-z0-9-]+$/),
      role: AccessRole.default('read'),
    })
    .nullable()
    .default(null),
})
export type AccessConfig = z.infer<typeof AccessConfig>

const RANK: Record<AccessRole, number> = { read: 0, operate: 1, admin: 2 }

/** True when `role` includes what `needed` may do. */
export const mayAct = (role: AccessRole, needed: AccessRole) => RANK[role] >= RANK[needed]
