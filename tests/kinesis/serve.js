// kinesalite on a port of 127.0.0.1, which its own command line does not offer.
'use strict'

const kinesalite = require('kinesalite')

const wait = { createStreamMs: 20, deleteStreamMs: 20, updateStreamMs: 20 }
const server = kinesalite({ ...wait, shardLimit: 1000 })

server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})
