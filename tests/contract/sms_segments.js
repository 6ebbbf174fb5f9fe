'use strict';
// sms_segments.js NPM_FOLDER SMS_TOOL: holds our counting against Twilio's own calculator (npm sms-segments-calculator).
//
// 1. encoding, units and segments of a generated corpus, the same on every run (SEED=n for another);
// 2. the clusters that are not split, of every code point in several contexts and of random sequences of all classes;
// 3. the look-alikes: what the calculator's smart encoding turns into GSM-7 must become GSM-7 here as well;
// 4. what fitting returns, counted by the calculator.
const { spawnSync } = require('node:child_process');
const path = require('node:path');

const [folder, tool] = process.argv.slice(2);
const calculator = path.join(folder, 'node_modules', 'sms-segments-calculator');
const { SegmentedMessage } = require(calculator);
const smartMap = require(path.join(calculator, 'dist', 'libs', 'SmartEncodingMap')).default;
const Splitter = require(require.resolve('grapheme-splitter', { paths: [calculator] }));

let failures = 0;
function fail(what) {
  if (failures++ < 20) console.error(what);
}
const show = (text) => JSON.stringify(text.length > 400 ? `${text.slice(0, 400)} …` : text);

// The tool's answers to NUL-terminated texts, split at the separator.
function ask(args, texts, separator) {
  const run = spawnSync(tool, args, { input: `${texts.join('\0')}\0`, maxBuffer: 1 << 30 });
  if (run.error || run.status !== 0) throw run.error || new Error(`${tool} ${args}: ${run.status} ${run.stderr}`);
  const answers = run.stdout.toString('utf8').split(separator);
  answers.pop();
  if (answers.length !== texts.length) throw new Error(`${args}: ${texts.length} texts, ${answers.length} answers`);
  return answers;
}

// mulberry32: small, and the same everywhere.
let seed = Number(process.env.SEED || 20250101) >>> 0;
function random(below) {
  seed = (seed + 0x6d2b79f5) >>> 0;
  let t = seed;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) % below;
}
const pick = (list) => list[random(list.length)];
const span = (first, last) => Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i));

const basic = [...'@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ÄÖÑÜ§¿äöñüà', ...span(0x41, 0x5a), ...span(0x61, 0x7a), '\n', '\r'];
const extension = [...'^{}\\[~]|€\f'];
const marks = span(0x300, 0x36f);
const joined = ['👨‍👩‍👧‍👦', '👩‍🚀', '🏳️‍🌈', '❤️‍🔥', '👁️‍🗨️', '🧑‍🤝‍🧑', '👨‍⚕️', '👩🏽‍💻', '1️⃣', '#️⃣', '☎️', '⚠️', '🇩🇪', '🇺🇸', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '👍🏿', '🫱🏻‍🫲🏿'];
const emoji = [...'😀🔥💥🚨✅❌⏰🖥💾🟢🔴☠⚡🧯👍👋', ...joined];
const alphabets = {
  ascii: span(0x20, 0x7e).filter((c) => c !== '`'),
  basic,
  extension,
  gsm: [...basic, ...extension],
  accents: [...'çáâãêëíîïóôõúûýÿÀÂÈÊËÎÏÔÙÛœŒłŁśźżćńęąčřžšěůőűİığş'],
  typographic: [...'“”‘’„‚«»‹›–—…•′″‐‑−× ´`·½'],
  greek: span(0x391, 0x3c9),
  cyrillic: span(0x410, 0x44f),
  cjk: span(0x4e00, 0x4e80),
  kana: span(0x3041, 0x3096),
  hangul: [...span(0xac00, 0xac40), ...span(0x1100, 0x1112), ...span(0x1161, 0x1175), ...span(0x11a8, 0x11c2)],
  indic: span(0x904, 0x94d),
  arabic: [...span(0x620, 0x652), '\u0600', '\u06dd'],
  thai: span(0xe01, 0xe4d),
  emoji,
  astral: [...span(0x1d400, 0x1d420), ...span(0x20000, 0x20010), ...span(0x1f1e6, 0x1f1ff)],
  marked: marks.map((m) => `e${m}`),
  marks,
  invisible: ['\u200b', '\u200c', '\u200d', '\u00ad', '\u2028', '\ufeff', '\ufe0f', '\u2060'],
  lines: ['\n', '\r\n', '\r', '\n\n', 'a', ' '],
};
const names = Object.keys(alphabets);

// A text of at least so many UTF-16 units, from one alphabet with some of others mixed in.
function compose(units, main, others) {
  let text = '';
  while (text.length < units) text += pick(others.length && random(8) === 0 ? alphabets[pick(others)] : alphabets[main]);
  return text;
}

function corpus() {
  const texts = [...basic, ...extension, ...emoji, '\t', '`', 'ç', ...names.flatMap((n) => alphabets[n].slice(0, 20))];
  // Around each border: one alphabet, then the same with an extension character, a pair or a joined emoji at the border.
  for (let parts = 1; parts <= 6; parts++) {
    const borders = [parts === 1 ? 160 : 153 * parts, parts === 1 ? 70 : 67 * parts];
    for (const border of borders)
      for (let off = -3; off <= 3; off++) {
        const length = border + off;
        for (const c of ['a', '€', 'ж', 'é', '中']) texts.push(c.repeat(length));
        for (const item of ['€', '[', '\n', '\r\n', '😀', '👨‍👩‍👧‍👦', 'e\u0301', '🇩🇪', '👍🏿', '…', 'ç'])
          for (let shift = 0; shift <= 3; shift++)
            for (const filler of ['a', 'ж']) {
              const before = Math.max(0, length - item.length - shift);
              texts.push(filler.repeat(before) + item + filler.repeat(shift), filler.repeat(before) + item + filler.repeat(shift + 67));
            }
      }
  }
  // Runs of extension characters on either side of the borders.
  for (let before = 140; before <= 165; before++)
    for (let run = 1; run <= 12; run++) texts.push('x'.repeat(before) + '{€}|'.repeat(run), 'x'.repeat(before) + pick(extension).repeat(run) + 'y'.repeat(150));
  // Clusters longer than a part.
  for (let n = 60; n <= 145; n++) texts.push(`e${'\u0301'.repeat(n)}`, `aa${'\u0301'.repeat(n)}bbb`, `жжж${'a\u0308\u0301'.repeat(n)}`);
  // Mixtures of everything.
  for (const main of names)
    for (let i = 0; i < 350; i++) {
      const parts = 1 + Math.min(random(6), random(6));
      const border = random(2) ? 67 * parts + 3 : 153 * parts + 7;
      const others = Array.from({ length: random(4) }, () => pick(names));
      texts.push(compose(random(4) ? Math.max(1, border - 8 + random(16)) : 1 + random(700), main, others));
    }
  while (texts.length < 22000) texts.push(compose(1 + random(500), pick(names), [pick(names)]));
  return texts;
}

function compareCounts(texts) {
  const answers = ask(['count'], texts, '\n');
  texts.forEach((text, i) => {
    const m = new SegmentedMessage(text);
    const units = m.encodedChars.reduce((sum, c) => sum + c.codeUnits.length, 0);
    const theirs = `${m.encodingName} ${units} ${m.segmentsCount}`;
    if (theirs !== answers[i]) fail(`count: ${show(text)}: calculator ${theirs}, ours ${answers[i]}`);
  });
  return texts.length;
}

function compareClusters() {
  const splitter = new Splitter();
  const texts = [];
  // Every code point after and before one of each kind, many to a text.
  const contexts = ['a', 'ж', '\u0600', '\u200d', '🇩', '👍', '👦', '\u1100', '\u1161', '\u11a8', '가', '각', '\u0301', '\u0903', '❤'];
  for (let cp = 1; cp <= 0x10ffff; cp += 512) {
    if (cp >= 0xd800 && cp <= 0xdfff) continue;
    if (cp > 0x30000 && cp < 0xe0000 && (cp >> 9) % 16) continue; // nothing is assigned there
    const few = contexts.filter((_, i) => cp < 0x3000 || (cp >= 0x1f000 && cp < 0x20000) || i % 5 === (cp >> 9) % 5);
    for (const context of few) {
      let text = '';
      for (let i = cp; i < cp + 512 && i <= 0x10ffff; i++)
        if (i < 0xd800 || i > 0xdfff) text += `${context}${String.fromCodePoint(i)}${context}\n`;
      texts.push(text);
    }
  }
  // Sequences in which each class may follow each other.
  const classes = ['a', '\u0600', '\n', '\u200b', '\u0301', '\ufe0f', '🇩', '🇪', '\u0903', '\u1100', '\u1161', '\u11a8', '가', '각', '👍', '👦', '🏿', '\u200d', '❤', '🚀'];
  for (let i = 0; i < 40000; i++) texts.push(Array.from({ length: 2 + random(9) }, () => pick(classes)).join(''));
  const answers = ask(['clusters'], texts, '\n');
  texts.forEach((text, i) => {
    const theirs = splitter.splitGraphemes(text).flatMap((g) => (g === '\r\n' ? [1, 1] : [g.length]));
    if (theirs.join(' ') !== answers[i].trim()) fail(`clusters: ${show(text)}: calculator ${theirs.join(' ').slice(0, 200)}, ours ${answers[i].slice(0, 200)}`);
  });
  return texts.length;
}

// Combining marks are not replaced (they are part of a letter), nor phonetic small capitals (nobody types them).
const notReplaced = (c) => /\p{M}/u.test(c) || (/\p{Ll}/u.test(c) && smartMap[c] >= 'A' && smartMap[c] <= 'Z');

function compareLookalikes() {
  const keys = Object.keys(smartMap).filter((c) => c !== '\0' && !notReplaced(c));
  const texts = keys.flatMap((c) => [`web01 ${c} disk`, `${c}a${c}`]);
  const answers = ask(['fit', 'auto', '10'], texts, '\0');
  texts.forEach((text, i) => {
    const theirs = new SegmentedMessage(text, 'auto', true).encodingName;
    if (theirs !== 'GSM-7' || !answers[i].startsWith('GSM-7 ')) fail(`look-alike: ${show(text)}: smart encoding ${theirs}, ours ${answers[i]}`);
  });
  return keys.length;
}

function compareFits(texts) {
  let n = 0;
  for (const mode of ['auto', 'gsm7', 'ucs2'])
    for (const max of [1, 2, 3, 6]) {
      const some = texts.filter(() => random(30) === 0);
      ask(['fit', mode, String(max)], some, '\0').forEach((answer, i) => {
        const [, encoding, segments, cut, body] = /^(\S+) (\d+) (\d) ([^]*)$/.exec(answer);
        const m = new SegmentedMessage(body, mode === 'ucs2' ? 'UCS-2' : 'auto');
        const good = m.encodingName === encoding && m.segmentsCount === Number(segments) && m.segmentsCount <= max && body.length > 0 && body.length <= 1600 && !body.includes('\ufffd') && (mode !== 'gsm7' || encoding === 'GSM-7');
        if (!good) fail(`fit ${mode} ${max}: ${show(some[i])} → ${encoding} ${segments} ${cut} ${show(body)}: calculator ${m.encodingName} ${m.segmentsCount}`);
        n++;
      });
    }
  return n;
}

const texts = corpus();
console.log(`${compareCounts(texts)} texts counted, ${compareClusters()} split, ${compareLookalikes()} look-alikes, ${compareFits(texts)} fitted: ${failures} differences`);
process.exit(failures ? 1 : 0);
