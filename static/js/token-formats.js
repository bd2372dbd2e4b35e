// Tokens as people find them, read in the browser. Text in, findings out: nothing here speaks to anybody or keeps anything.
// Formats: github.com/superfly/macaroon (MessagePack), libmacaroons 1 and 2 (doc/format.txt), RFC 7519, and published prefixes.
// Of a shorter secret the hash could be guessed, and it would stay on record.
const MAX_FOUND = 80, MAX_ID = 128, SHARED = 12, LEAST = 20;
// What the trail takes for a bearer secret: trail.events.SECRET, word for word (a test compares the two).
const SECRET = [
  String.raw`(?:(?<![\p{L}\p{N}_])(?:fm1[ar]|fm2|fo1|fd1)_[A-Za-z0-9+/=_-]{24,}`,
  String.raw`|(?<![\p{L}\p{N}_])MDA[A-Za-z0-9_-]{60,}`,
  String.raw`|(?<![\p{L}\p{N}_])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}`,
  String.raw`|(?<![\p{L}\p{N}_])[Bb]earer +[A-Za-z0-9._~+/-]{20,}`,
  String.raw`|(?<![\p{L}\p{N}_])gh[pousr]_[A-Za-z0-9]{36,}|(?<![\p{L}\p{N}_])github_pat_[A-Za-z0-9_]{60,}`,
  String.raw`|(?<![\p{L}\p{N}_])xox[abeprs]-[A-Za-z0-9-]{20,}`,
  String.raw`|(?<![\p{L}\p{N}_])tk_[a-z0-9]{10}_[0-9a-f]{64}`,
  String.raw`|(?<![\p{L}\p{N}_])(?:IQoJ|FwoG|FQoG)[A-Za-z0-9+/=]{100,})`,
].join("");
const BEFORE = "(?<![A-Za-z0-9_])";
const utf8 = new TextEncoder(), strict = new TextDecoder("utf-8", { fatal: true });

// --- Bytes -------------------------------------------------------------------------------------------------------
const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const digest = async (bytes, name = "SHA-256") => new Uint8Array(await crypto.subtle.digest(name, bytes));
const sha256 = async (data) => hex(await digest(typeof data === "string" ? utf8.encode(data) : data));
const base64 = (bytes) => btoa(String.fromCharCode(...bytes));
function fromBase64(text) {
  const plain = text.replace(/-/g, "+").replace(/_/g, "/").replace(/=+$/, "");
  return Uint8Array.from(atob(plain + "=".repeat(-plain.length & 3)), (letter) => letter.charCodeAt(0));
}
function words(bytes) {
  try {
    const text = strict.decode(bytes);
    return /\p{Cc}/u.test(text) ? null : text;
  } catch { return null; }
}
async function uuid5(space, bytes) {
  const whole = new Uint8Array([...space, ...bytes]);
  const id = (await digest(whole, "SHA-1")).slice(0, 16);
  id[6] = (id[6] & 0x0f) | 0x50;
  id[8] = (id[8] & 0x3f) | 0x80;
  return id;
}
const dashed = (id) => hex(id).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
const moment = (seconds) => {
  const time = new Date(Number(seconds) * 1000);
  return Number.isNaN(time.valueOf()) ? String(seconds) : time.toISOString().replace(".000Z", "Z");
};
const isOver = (seconds) => Number(seconds) * 1000 < Date.now();
const ends = (seconds) => ["Expires", `${moment(seconds)}${isOver(seconds) ? " (over)" : ""}`];

// --- MessagePack, as far as tokens use it ------------------------------------------------------------------------
class Packed {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.at = 0;
  }
  take(length) {
    if (this.at + length > this.bytes.length) throw new RangeError("cut short");
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
  number(size, signed = false) {
    const from = this.at;
    this.take(size);
    if (size === 8) return signed ? this.view.getBigInt64(from) : this.view.getBigUint64(from);
    return this.view[`get${signed ? "Int" : "Uint"}${size * 8}`](from);
  }
  list(length, depth) {
    if (length > this.bytes.length) throw new RangeError("cut short");
    return Array.from({ length }, () => this.value(depth + 1));
  }
  map(length, depth) {
    const list = this.list(length * 2, depth);
    return new Map(Array.from({ length }, (_, n) => [list[2 * n], list[2 * n + 1]]));
  }
  value(depth = 0) {
    if (depth > 24) throw new RangeError("too deep");
    const kind = this.number(1);
    if (kind < 0x80) return kind;
    if (kind < 0x90) return this.map(kind & 0x0f, depth);
    if (kind < 0xa0) return this.list(kind & 0x0f, depth);
    if (kind < 0xc0) return strict.decode(this.take(kind & 0x1f));
    if (kind >= 0xe0) return kind - 0x100;
    switch (kind) {
      case 0xc0: return null;
      case 0xc2: return false;
      case 0xc3: return true;
      case 0xc4: case 0xc5: case 0xc6: return this.take(this.number(1 << (kind - 0xc4)));
      case 0xcc: case 0xcd: case 0xce: case 0xcf: return this.number(1 << (kind - 0xcc));
      case 0xd0: case 0xd1: case 0xd2: case 0xd3: return this.number(1 << (kind - 0xd0), true);
      case 0xd9: case 0xda: case 0xdb: return strict.decode(this.take(this.number(1 << (kind - 0xd9))));
      case 0xdc: case 0xdd: return this.list(this.number(2 << (kind - 0xdc)), depth);
      case 0xde: case 0xdf: return this.map(this.number(2 << (kind - 0xde)), depth);
      default: throw new RangeError("not of a token");
    }
  }
}

// --- superfly/macaroon -------------------------------------------------------------------------------------------
const CAVEATS = {
  0: "Organization", 2: "Volumes", 3: "Apps", 4: "ValidityWindow", 5: "FeatureSet", 6: "Mutations", 7: "Machines", 8: "ConfineUser",
  9: "ConfineOrganization", 10: "IsUser", 11: "3P", 12: "BindToParentToken", 13: "IfPresent", 14: "MachineFeatureSet",
  15: "FromMachineSource", 16: "Clusters", 19: "ConfineGoogleHD", 20: "ConfineGitHubOrg", 21: "MaxValidity", 22: "IsMember",
  23: "FlyioUserID", 24: "GitHubUserID", 25: "GoogleUserID", 26: "Action", 27: "Commands", 28: "AppFeatureSet", 29: "StorageObjects",
  30: "AllowedRoles", 31: "FlySrc",
};
const NAMESPACE = Uint8Array.from("968fc2c6a94f4988a5442ad72b02f222".match(/../g), (pair) => parseInt(pair, 16));
function plain(value) {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (value instanceof Map) return `{${[...value].map(([name, one]) => `${plain(name)}: ${plain(one)}`).join(", ")}}`;
  if (Array.isArray(value)) return `[${value.map(plain).join(", ")}]`;
  return String(value);
}
function caveat(type, body) {
  const name = CAVEATS[type] ?? `Caveat ${type}`;
  switch (Number(type)) {
    case 4: return `${name}: ${moment(body[0])} to ${moment(body[1])}`;
    case 11: return `${name}: needs a discharge of ${body[0]}`; // the ticket and the key in it are nobody's to see
    case 12: return `${name}: only with the token whose fingerprint begins with ${hex(body)}`;
    default: return `${name}: ${plain(body)}`;
  }
}
async function fly(match) {
  const [, label, text] = match;
  if (label === "fo1" || label === "fd1") return { kind: "Fly.io token that holds nothing to read", facts: [], ids: [] };
  const [nonce, location, list, tail] = new Packed(fromBase64(text)).value();
  const [kid, random, proof] = nonce;
  if (!(tail instanceof Uint8Array && kid instanceof Uint8Array && random instanceof Uint8Array)) throw new TypeError("no macaroon");
  const pairs = Array.from({ length: list.length / 2 }, (_, n) => [list[2 * n], list[2 * n + 1]]);
  const until = pairs.filter(([type]) => type === 4).map(([, body]) => Number(body[1]));
  const tickets = pairs.filter(([type]) => type === 11).map(([, body]) => hex(body[2]));
  const id = dashed(await uuid5(await uuid5(NAMESPACE, kid), random));
  return {
    discharge: label === "fm1a" || proof === true, kid: hex(kid), tickets, macaroon: true,
    facts: [
      ["Location", String(location)],
      // The key's name of a discharge is the ticket it was given for, which stays here.
      ...(label !== "fm1a" && !proof && words(kid) ? [["Key", words(kid)]] : []),
      ...(until.length ? [ends(Math.min(...until))] : []),
      ...pairs.map(([type, body]) => ["Caveat", caveat(type, body)]),
    ],
    ids: [id], print: await sha256(tail),
  };
}

// --- libmacaroons and pymacaroons --------------------------------------------------------------------------------
function packets1(bytes) {
  const found = [];
  for (let at = 0; at < bytes.length;) {
    const length = parseInt(words(bytes.subarray(at, at + 4)) ?? "", 16);
    if (!(length > 5) || at + length > bytes.length) throw new RangeError("cut short");
    const packet = bytes.subarray(at + 4, at + length - 1);
    const space = packet.indexOf(0x20);
    found.push([words(packet.subarray(0, space)), packet.subarray(space + 1)]);
    at += length;
  }
  return found;
}
function packets2(bytes) {
  let at = 1, section = 0;
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      if (at >= bytes.length || shift > 28) throw new RangeError("cut short");
      const byte = bytes[at++];
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  if (bytes[0] !== 2) throw new RangeError("another version");
  const found = [];
  while (at < bytes.length) {
    const type = number();
    if (type === 0) { section += 1; continue; }
    const length = number();
    if (at + length > bytes.length) throw new RangeError("cut short");
    const name = { 1: section ? "cl" : "location", 2: section ? "cid" : "identifier", 4: "vid", 6: "signature" }[type];
    found.push([name, bytes.subarray(at, at + length)]);
    at += length;
  }
  return found;
}
async function classic(match) {
  const bytes = fromBase64(match[0]);
  const packets = bytes[0] === 2 ? packets2(bytes) : packets1(bytes);
  const first = (name) => packets.find(([one]) => one === name)?.[1];
  const signature = first("signature"), identifier = first("identifier");
  if (signature?.length !== 32 || !identifier) throw new RangeError("no macaroon");
  const shown = words(identifier) ?? hex(identifier);
  const location = first("location");
  const caveats = packets.filter(([name]) => name === "cid").map(([, body]) => ["Caveat", words(body) ?? `${body.length} bytes`]);
  return {
    kind: `Macaroon (libmacaroons, version ${bytes[0] === 2 ? 2 : 1})`, ids: [shown], print: await sha256(signature),
    facts: [...(location ? [["Location", words(location) ?? hex(location)]] : []), ["Identifier", shown], ...caveats],
  };
}

// --- JWT, AWS, GitHub, Slack, our own, and what else is handed to a bearer ----------------------------------------
async function jwt(match) {
  const [head, claims] = match[0].split(".").slice(0, 2).map((part) => JSON.parse(strict.decode(fromBase64(part))));
  const named = { iss: "Issuer", sub: "Subject", aud: "Audience", jti: "Id", client_id: "Client", scope: "Scope" };
  return {
    kind: "JSON Web Token", print: await sha256(match[0]), ids: typeof claims.jti === "string" ? [claims.jti] : [],
    facts: [
      ...Object.entries(named).filter(([name]) => claims[name] !== undefined).map(([name, label]) => [label, [claims[name]].flat().map(String).join(", ")]),
      ...(claims.iat === undefined ? [] : [["Issued", moment(claims.iat)]]),
      ...(claims.exp === undefined ? [] : [ends(claims.exp)]),
      ...(head.kid === undefined ? [] : [["Key", String(head.kid)]]),
    ],
  };
}
const hashed = (kind) => async (match) => ({ kind, facts: [], ids: [], print: await sha256(match[1] ?? match[0]) });
const github = async (match) => ({
  kind: "GitHub token", facts: [["Audit log", "hashed_token, the SHA-256 in base64"]], print: await sha256(match[0]),
  ids: [base64(await digest(utf8.encode(match[0])))],
});
const amazon = async (match) => ({
  kind: match[0].startsWith("ASIA") ? "AWS key id of a session" : "AWS access key id", facts: [["Key id", match[0]]],
  ids: [match[0]], open: true,
});
const READERS = [
  [`${BEFORE}(fm1r|fm1a|fm2|fo1|fd1)_([A-Za-z0-9+/=_-]{24,})`, fly],
  [`${BEFORE}(?:MDA|Ag)[A-Za-z0-9+/_-]{60,}={0,2}`, classic],
  [`${BEFORE}eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{2,}\\.[A-Za-z0-9_-]{16,}`, jwt],
  [`${BEFORE}(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{60,})`, github],
  [`${BEFORE}xox[abeprs]-[A-Za-z0-9-]{20,}`, hashed("Slack token")],
  [`${BEFORE}tk_[a-z0-9]{10}_[0-9a-f]{64}`, hashed("Key of a writer of this console")],
  [`${BEFORE}(?:IQoJ|FwoG|FQoG)[A-Za-z0-9+/=]{100,}`, hashed("AWS session token")],
  [`${BEFORE}(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])`, amazon],
  [`${BEFORE}(?:[Bb]earer|[Tt]oken) +([A-Za-z0-9._~+/=-]{20,})`, hashed("Bearer credential")],
  ["(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/]{40}(?![A-Za-z0-9+/=_-])", hashed("AWS secret key"), /(?:AKIA|ASIA)[A-Z0-9]{16}/],
  ["(?:token|Token|TOKEN|secret|Secret|SECRET|key|Key|KEY)[\"']?\\s*[:=]\\s*[\"']?([^\\s\"',;&]{20,})", hashed("Credential by its name")],
  [`${BEFORE}[0-9a-fA-F]{32,}(?![A-Za-z0-9_])`, hashed("Hexadecimal secret")],
];

// As a log or an address carries it: slashes escaped by JSON, base64 escaped for an address.
const unescaped = (text) => text.replace(/\\\//g, "/").replace(/%(2[BFbf]|3[Dd])/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
// No identifier is asked for in which a piece of the token itself stands, or another token.
function isPublic(id, secret) {
  if (!id || id.length > MAX_ID || /\p{Cc}/u.test(id) || new RegExp(SECRET, "u").test(id)) return false;
  for (let at = 0; at + SHARED <= id.length; at += 1) if (secret.includes(id.slice(at, at + SHARED))) return false;
  return true;
}
// An import hashes what it takes for the secret, which is the word before it too.
async function removed(secret) {
  const whole = new RegExp(`^${SECRET}$`, "u");
  const forms = [secret, `Bearer ${secret}`, `bearer ${secret}`].filter((one) => whole.test(one));
  return Promise.all(forms.map(sha256));
}
async function finding(match, read, text) {
  const secret = match[1] && read !== fly ? match[1] : match[0];
  let known;
  try { known = await read(match); } catch { known = null; }
  if (!known && read === classic) return null; // base64 of something else
  known ??= { kind: "Token that cannot be read", facts: [["Problem", "It is cut short or changed; only the whole of it is hashed."]], ids: [] };
  const print = known.print ?? (known.open ? null : await sha256(secret));
  const ids = known.ids.filter((id) => known.open || isPublic(id, secret));
  return {
    ...known, line: text.slice(0, match.index).split("\n").length, length: secret.length,
    names: [
      ...ids.map((value) => ({ kind: "token.id", value })), ...(print ? [{ kind: "token.fingerprint", value: print }] : []),
      ...(known.open ? [] : (await removed(secret)).map((value) => ({ kind: "removed", value }))),
    ],
  };
}

/** Every token in a text, in order: its kind, what it says of itself, and by which names the trail may know it. */
async function read(given) {
  const text = unescaped(given), found = [], taken = [], seen = new Set();
  for (const [pattern, reader, beside] of READERS) {
    if (beside && !beside.test(text)) continue;
    for (const match of text.matchAll(new RegExp(pattern, "gu"))) {
      const end = match.index + match[0].length;
      if (taken.some(([from, to]) => match.index < to && end > from)) continue;
      const one = seen.has(match[0]) ? null : await finding(match, reader, text);
      if (one || seen.has(match[0])) taken.push([match.index, end]);
      if (one) found.push([match.index, one]);
      seen.add(match[0]);
      if (found.length >= MAX_FOUND) break;
    }
  }
  const alone = text.trim();
  if (!found.length && alone.length >= LEAST && !/\s/.test(alone)) {
    found.push([0, await finding(Object.assign([alone], { index: 0 }), hashed("Text of no known format"), text)]);
  }
  const all = found.sort(([a], [b]) => a - b).map(([, one]) => one);
  const tickets = new Set(all.flatMap((one) => one.tickets ?? []));
  for (const one of all) {
    if (one.macaroon) one.kind = `${one.discharge || tickets.has(one.kid) ? "Discharge" : "Permission"} token (superfly/macaroon)`;
    delete one.kid;
    delete one.tickets;
  }
  return { found: all, cut: found.length >= MAX_FOUND };
}

const whole = new RegExp(SECRET, "u");
/** Whether something in a text authenticates, as the trail itself judges it, or is a macaroon of version 2. */
function holdsSecret(text) {
  if (whole.test(text)) return true;
  return [...text.matchAll(new RegExp(`${BEFORE}Ag[A-Za-z0-9+/_-]{60,}={0,2}`, "g"))].some(([one]) => {
    try { return packets2(fromBase64(one)).some(([name, body]) => name === "signature" && body.length === 32); } catch { return false; }
  });
}
/** The text without them. */
function without(text) {
  const rest = text.replace(new RegExp(SECRET, "gu"), "").trim();
  return holdsSecret(rest) ? "" : rest;
}
/** Whether a text looks like the beginning of something that will. */
const begins = (text) => /(?:fm1[ar]|fm2|fo1|fd1|gh[pousr]|github_pat)_|eyJ[A-Za-z0-9_-]{4}|MDA[A-Za-z0-9_-]{8}|AgE[A-Za-z0-9_-]{8}|xox[abeprs]-|[Bb]earer +\S|tk_[a-z0-9]{10}_|IQoJ|FwoG|FQoG/.test(text);

export { begins, holdsSecret, read, without };
