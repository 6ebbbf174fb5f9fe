/*
 * Twilio's own library for Node, as a client of somebody who says he is Twilio.
 *
 *     node sdk.js NPM_FOLDER BASE_URL ACCOUNT USER PASSWORD
 *
 * Reads one JSON array from standard input, a call each, and prints one JSON array with what came of each:
 *
 *     {"create": {"to": …}} {"fetch": sid} {"list": {…}} {"cancel": sid} {"delete": sid} {"balance": true}
 *
 * {"ok": …} or {"status": …, "code": …}. SIDs may be "@N": that of the Nth call's answer.
 */
'use strict';
const path = require('path');

const [folder, base, account, user, password] = process.argv.slice(2);
const twilio = require(path.resolve(folder, 'node_modules', 'twilio'));
const client = twilio(user, password, { accountSid: account });
client.api.baseUrl = base;

const plain = (m) => ({ sid: m.sid, status: m.status, body: m.body, to: m.to, from: m.from, segments: m.numSegments,
  media: m.numMedia, error: m.errorCode, created: m.dateCreated && m.dateCreated.toISOString() });

async function call(what, before) {
  const [verb, argument] = Object.entries(what)[0];
  const sid = () => (argument[0] === '@' ? before[Number(argument.slice(1))].ok.sid : argument);
  switch (verb) {
    case 'create': return plain(await client.messages.create(argument));
    case 'fetch': return plain(await client.messages(sid()).fetch());
    case 'list': return (await client.messages.list(argument)).map(plain);
    case 'cancel': return plain(await client.messages(sid()).update({ status: 'canceled' }));
    case 'delete': return client.messages(sid()).remove();
    case 'balance': return (await client.balance.fetch()).currency;
    default: throw new Error(`what is ${verb}?`);
  }
}

async function main() {
  let text = '';
  for await (const piece of process.stdin) text += piece;
  const results = [];
  for (const what of JSON.parse(text)) {
    try {
      results.push({ ok: await call(what, results) });
    } catch (error) {
      if (!error.status) throw error; // ours, or the network's
      results.push({ status: error.status, code: error.code });
    }
  }
  console.log(JSON.stringify(results));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
