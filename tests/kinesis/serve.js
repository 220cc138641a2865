// kinesalite on a port of 127.0.0.1, which its own command line does not offer;
// and what it would never answer: a time behind all records.
'use strict'

const db = require('kinesalite/db')

const place = require.resolve('kinesalite/actions/getShardIterator')
const original = require(place)

// Its end is that of the shard, should no record be as late.
require.cache[place].exports = (store, data, done) => {
  if (data.ShardIteratorType !== 'AT_TIMESTAMP' || data.Timestamp == null ||
      data.Timestamp * 1000 > Date.now())
    return original(store, data, done)
  const { Timestamp, ...latest } = { ...data, ShardIteratorType: 'LATEST' }
  original(store, latest, (error, end) => {
    if (error) return done(error)
    const { shardId, shardIx } = db.resolveShardId(data.ShardId)
    const records = store.getStreamDb(data.StreamName).createReadStream({
      gt: db.shardIxToHex(shardIx), lt: db.shardIxToHex(shardIx + 1) })
    let answer = end
    records.on('data', record => {
      if (record.value.ApproximateArrivalTimestamp < Timestamp) return
      answer = { ShardIterator: db.createShardIterator(
        data.StreamName, shardId, record.key.split('/')[1]) }
      records.destroy()
    })
    records.on('error', done)
    records.on('close', () => done(null, answer))
  })
}

const kinesalite = require('kinesalite')

const wait = { createStreamMs: 20, deleteStreamMs: 20, updateStreamMs: 20 }
const server = kinesalite({ ...wait, shardLimit: 1000 })

server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`)
})
