/**
 * Node's HTTP. An import of `node:http` looks at each of its exports, one of which is WebSocket: that loads Node's whole web client, 9 MB
 * that a collector never uses (measured). Asked for like this, it stays unloaded.
 */
export const http = process.getBuiltinModule('node:http')
