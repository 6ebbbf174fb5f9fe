'use strict';
// s3_server.js NPM_FOLDER OPTIONS: an S3 server that verifies signatures (npm @20minutes/s3rver), for publish_servers.py.
//
// OPTIONS is JSON: folder, bucket, id, secret; endpoint (the host below which buckets are, for virtual hosts); cert and
// key (files, for TLS). It prints its port, then a line of JSON for each request. Lines of JSON on standard input
// change it: {"clock": ms} shifts its clock, {"public": true} lets everybody read. It ends when standard input does.
//
// s3rver lets requests without any signature pass; a bucket would not, so that is refused here.
const fs = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const readline = require('node:readline');

const [npm, text] = process.argv.slice(2);
const options = JSON.parse(text);

// Debian's Node does not have this yet, and s3rver's router calls it.
Array.prototype.toReversed ??= function toReversed() {
  return [...this].reverse();
};

let shift = 0;
let open = false;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    if (given.length) super(...given);
    else super(RealDate.now() + shift);
  }
  static now() {
    return RealDate.now() + shift;
  }
};

const package_ = path.join(path.resolve(npm), 'node_modules', '@20minutes', 's3rver');
// A request's time is compared with the clock; s3rver overlooks that it cannot read what stands in x-amz-date.
const utils = require(path.join(package_, 'lib', 'utils'));
const { parseDate } = utils;
utils.parseDate = (written) => {
  const date = parseDate(written);
  return Number.isNaN(date.getTime()) ? utils.parseISO8601String(written) : date;
};
const S3rver = require(package_);
const { DUMMY_ACCOUNT } = require(path.join(package_, 'lib', 'models', 'account'));
DUMMY_ACCOUNT.revokeAccessKey('S3RVER');
DUMMY_ACCOUNT.createKeyPair(options.id, options.secret);

// With the bucket in the host's name, what is signed is the path as it was asked for; s3rver puts the bucket before it.
const v4 = require(path.join(package_, 'lib', 'signature', 'v4'));
const { getStringToSign } = v4;
v4.getStringToSign = (asked, given) => {
  const inHost = asked.headers.host.startsWith(`${options.bucket}.`);
  return getStringToSign(inHost ? { ...asked, uri: asked.uri.slice(options.bucket.length + 1) } : asked, given);
};

const s3 = new S3rver({
  directory: options.folder,
  silent: true,
  serviceEndpoint: options.endpoint || 'amazonaws.com',
  vhostBuckets: false,
  configureBuckets: [{ name: options.bucket, configs: [] }],
});
const handle = s3.getMiddleware();

function answer(request, response) {
  response.on('finish', () => {
    const { method, url, headers } = request;
    console.log(JSON.stringify({ method, url, headers, status: response.statusCode }));
  });
  const signed = request.headers.authorization || /[?&]X-Amz-Signature=/.test(request.url);
  const reads = request.method === 'GET' || request.method === 'HEAD';
  if (!signed && !(open && reads)) {
    response.writeHead(403, { 'Content-Type': 'application/xml', Connection: 'close' });
    response.end(request.method === 'HEAD' ? '' : '<Error><Code>AccessDenied</Code></Error>');
    return;
  }
  handle(request, response);
}

s3.configureBuckets().then(() => {
  const server = options.cert
    ? https.createServer({ cert: fs.readFileSync(options.cert), key: fs.readFileSync(options.key) }, answer)
    : http.createServer(answer);
  server.listen(0, '127.0.0.1', () => console.log(`port=${server.address().port}`));
});

const input = readline.createInterface({ input: process.stdin });
input.on('line', (line) => {
  const change = JSON.parse(line);
  if ('clock' in change) shift = change.clock;
  if ('public' in change) open = change.public;
  console.log('done');
});
input.on('close', () => process.exit(0));
