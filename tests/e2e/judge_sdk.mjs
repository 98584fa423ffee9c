// The AWS SDK for JavaScript v3 as a filter: a JSON line {client, command, input} in, a line {output} or {error: {name,
// status, message}} out. Bodies that stream come as text. The endpoint and the credentials are those of the environment.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const require = createRequire(process.argv[2] + '/')
const clients = new Map()

async function client(name) {
  if (!clients.has(name)) {
    const module = await import(pathToFileURL(require.resolve(`@aws-sdk/client-${name}`)))
    const type = Object.keys(module).find((key) => /Client$/.test(key) && key !== '__Client')
    clients.set(name, { module, client: new module[type]({ maxAttempts: 1, ...(name === 's3' && { forcePathStyle: true }) }) })
  }
  return clients.get(name)
}

async function plain(value) {
  if (typeof value?.transformToString === 'function') return value.transformToString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  if (value?.[Symbol.asyncIterator]) {
    const all = []
    for await (const one of value) all.push(await plain(one))
    return all
  }
  if (value instanceof Date || value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return Promise.all(value.map(plain))
  const entries = Object.entries(value).filter(([key]) => key !== '$metadata')
  return Object.fromEntries(await Promise.all(entries.map(async ([key, one]) => [key, await plain(one)])))
}

for await (const line of createInterface({ input: process.stdin })) {
  const { client: name, command, input } = JSON.parse(line)
  try {
    const { module, client: one } = await client(name)
    console.log(JSON.stringify({ output: await plain(await one.send(new module[`${command}Command`](input))) }))
  } catch (error) {
    const { name: type, message, $metadata } = error
    console.log(JSON.stringify({ error: { name: type, message, status: $metadata?.httpStatusCode } }))
  }
}
