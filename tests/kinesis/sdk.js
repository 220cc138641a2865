// One call of Kinesis by the AWS SDK for JavaScript, as the environment says who
// asks; on standard output what was answered, or the name of the error.
//
//     NODE_PATH=.../node_modules node sdk.js ENDPOINT REGION ACTION JSON
'use strict'

const kinesis = require('@aws-sdk/client-kinesis')

const [endpoint, region, action, text] = process.argv.slice(2)
const asked = JSON.parse(text, (name, value) =>
  name === 'Data' ? Buffer.from(value) : value)
const client = new kinesis.KinesisClient({
  endpoint,
  region,
  maxAttempts: 1,
  requestHandler: new (require('@smithy/node-http-handler').NodeHttpHandler)()
})

client.send(new kinesis[`${action}Command`](asked)).then(
  answer => {
    delete answer.$metadata
    console.log(JSON.stringify(answer, (name, value) =>
      name === 'Data' ? Buffer.from(Object.values(value)).toString() : value))
  },
  error => console.log(JSON.stringify({
    error: error.name,
    message: error.message
  })))
