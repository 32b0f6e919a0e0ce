// Connects with a short Keep Alive, and tells how often a timer of 10 ms really comes while the tab is hidden. What it publishes
// would stand in for pings, so it says everything at the end.

const url = new URLSearchParams(location.search).get('url')

/** Calls of a timer of 10 ms in a row within a span of time, and what the tab was meanwhile. */
function measure(spanMs) {
  return new Promise(resolve => {
    const begin = performance.now()
    let ticks = 0
    const tick = () => {
      if (performance.now() - begin > spanMs) return resolve({ ticks, visibility: document.visibilityState })
      ticks++
      setTimeout(tick, 10)
    }
    tick()
  })
}

const hidden = new Promise(resolve => {
  if (document.hidden) resolve()
  else addEventListener('visibilitychange', () => document.hidden && resolve())
})

async function run() {
  const client = await curlew.connect(url, { clientId: 'background', keepAlive: 8 })
  let losses = 0
  client.on('disconnected', () => losses++)
  await hidden
  const measured = await measure(13_000)
  await client.publish('background/report', JSON.stringify({ ...measured, losses }), { qos: 1 })
}

run()
