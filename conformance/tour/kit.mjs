// What the chapters of all tours share: an inbox for webhooks, the simulator's
// controls, and waiting.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'

export const { STRIPE_URL, STRIPE_KEY, CLERK_URL, CLERK_KEY, STAGE_URL } = process.env

// inbox is a web server that keeps what it is sent. answer may choose the status.
export async function inbox(answer = () => 200) {
  const got = []
  const server = http.createServer(async (request, response) => {
    const chunks = []
    for await (const chunk of request) chunks.push(chunk)
    const delivery = { url: request.url, headers: request.headers, body: Buffer.concat(chunks).toString() }
    got.push(delivery)
    response.writeHead(await answer(delivery)).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    got,
    events: () => got.map((delivery) => JSON.parse(delivery.body)),
    // of waits for a delivery of a type and returns it.
    of: (type) => eventually(() => got.find((delivery) => JSON.parse(delivery.body).type === type), `a delivery of ${type}`),
  }
}

// eventually waits until look returns something.
export async function eventually(look, what) {
  const end = Date.now() + 15_000
  for (;;) {
    const found = await look()
    if (found) return found
    assert(Date.now() < end, `waited in vain for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

// control asks the simulator for what no provider has.
export async function control(path, body, method = 'POST') {
  const response = await fetch(`${STRIPE_URL}/_sim/${path}`, { method, body: body && JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
  assert(response.ok, `${method} /_sim/${path}: ${response.status} ${await response.clone().text()}`)
  return response
}

export const seconds = { minute: 60, hour: 3600, day: 86_400 }

export const advance = (n) => control('advance', { seconds: n })

// rejected is the error a promise ends with, after its fields were compared.
export async function rejected(promise, expected) {
  let caught
  try {
    await promise
  } catch (error) {
    caught = error
  }
  assert(caught, `was to be refused with ${JSON.stringify(expected)}`)
  for (const [name, value] of Object.entries(expected)) {
    if (value instanceof RegExp) assert.match(String(caught[name]), value, `${name} of ${caught}`)
    else assert.deepEqual(caught[name], value, `${name} of ${caught}`)
  }
  return caught
}

// altered changes one character somewhere in the middle of a text.
export function altered(text) {
  const at = text.length >> 1
  return text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1)
}

// submit posts a form of a hosted page, as a browser does, without following.
export function submit(url, fields) {
  const { origin } = new URL(url)
  return fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams(fields), headers: { Origin: origin, 'Sec-Fetch-Site': 'same-origin' } })
}
