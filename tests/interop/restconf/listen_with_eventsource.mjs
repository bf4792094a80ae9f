// Listens to the stream of events with the npm package eventsource, over a connection that breaks on the way,
// and hears each change once: the package reconnects by itself and says what it heard last.
import assert from 'node:assert/strict'
import net from 'node:net'
import { EventSource } from 'eventsource'

const [address, token] = process.argv.slice(2)
const { hostname, port } = new URL(address)
const authorization = `Bearer ${token}`

const connections = new Set()
const proxy = net.createServer((client) => {
  const server = net.connect(Number(port), hostname)
  connections.add(client)
  for (const [one, other] of [[client, server], [server, client]]) {
    one.pipe(other)
    one.on('error', () => other.destroy())
    one.on('close', () => other.destroy())
  }
})
await new Promise((listening) => proxy.listen(0, '127.0.0.1', listening))
const breakAll = () => connections.forEach((connection) => connection.destroy())

const change = async (name) => {
  const headers = { authorization, 'content-type': 'application/json' }
  const answer = await fetch(`${address}/v1/config/policy/policies/${name}`, { method: 'PUT', headers, body: '{}' })
  assert.equal(answer.status, 201, await answer.text())
}

const names = ['e1', 'e2', 'e3', 'e4', 'e5', 'e6']
const resumed = []
const heard = []
const stream = `http://127.0.0.1:${proxy.address().port}/restconf/streams/NETCONF/json?start-time=2020-01-01T00:00:00Z`
const source = new EventSource(stream, {
  fetch: (url, options) => {
    resumed.push(options.headers['Last-Event-ID'])
    return fetch(url, { ...options, headers: { ...options.headers, authorization } })
  },
})
const allHeard = new Promise((done, failed) => {
  const limit = setTimeout(() => failed(new Error(`heard only ${heard}`)), 60_000)
  source.onmessage = (event) => {
    const notification = JSON.parse(event.data)['ietf-restconf:notification']
    const edits = notification['ietf-netconf-notifications:netconf-config-change']?.edit ?? []
    const made = edits.map((edit) => edit.target.match(/policies\[name='(e\d)'\]/)?.[1]).find(Boolean)
    if (!made) return
    heard.push(made)
    if (heard.length === names.length) {
      clearTimeout(limit)
      done()
    } else if (heard.length % 2 === 0) {
      breakAll()
    }
  }
})
for (const name of names) await change(name)
await allHeard
source.close()
breakAll()
proxy.close()

assert.deepEqual(heard, names)
assert.ok(resumed.length >= 2, `${resumed}`)
assert.equal(resumed[0], undefined)
assert.ok(resumed.slice(1).every(Boolean), `${resumed}`)
