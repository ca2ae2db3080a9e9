/**
 * A Tallystick client in one file, to be copied: Node 18 or newer, its own fetch and crypto, and jose for JWS.
 *
 *     const registry = await Registry.open({ url, vkey, key: await Key.read("supplier.jwk") });
 *     const { proven } = await registry.act("/v1/receivables", invoiceBytes); // signed, sent until answered, verified
 *     proven.facts.receivable_id
 *
 * Three rules of the protocol shape it:
 *
 * 1. A command is signed once. Its bytes are kept in a file until the registry has answered, and whatever happens (a lost
 *    answer, a crash, a power cut) those same bytes are sent again: the registry knows them by their `jti` and gives the
 *    answer that it gave before. Signed anew, the same act could happen twice.
 * 2. An answer is believed for its receipt, never for its words. The receipt holds the ledger's entry, which names the very
 *    bytes that were signed, and the proof that the entry is in the tree whose root the registry signed; all of it is computed
 *    here from the registry's public key alone, the vkey, which you got from someone you trust and not from the server.
 * 3. Sums are strings or whole numbers of minor units below 2^53. They are never divided, and never have a fraction.
 */

import { createHash, createPublicKey, randomBytes, randomInt, verify as verifySignature } from "node:crypto";
import { mkdir, open, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { FlattenedSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from "jose";

const ANSWER_MAX = 16 << 20; // bytes
const WAIT_MOST_MS = 60_000; // a server that asks for longer is not waited for

/** The registry refused, and nothing changed. `problem` is its answer (RFC 9457). */
export class Refused extends Error {
  constructor(status, problem) {
    const slug = String(problem.type ?? "").split(":").pop();
    const faults = (problem.errors ?? []).map((fault) => `\n  ${fault.code} at ${fault.pointer || "the whole"}: ${fault.detail}`);
    super(`${problem.title ?? "refused"} (${slug || status})${problem.detail ? `\n${problem.detail}` : ""}${faults.join("")}`);
    Object.assign(this, { status, problem, slug });
  }
}
/** No answer, or "try again later". The command, if it was one, is kept: the same call sends the same bytes. */
export class Unreachable extends Error {}
/** Something was shown that the registry's key, or mathematics, does not bear out. Do not go on: tell a person. */
export class Unverified extends Error {}

// ---- encodings ----

export const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const base64url = (bytes) => Buffer.from(bytes).toString("base64url");
/** 128 random bits behind the time, as a UUID of version 7 has it: such keys are the quickest for the registry to find. */
const freshJti = () => {
  const bytes = randomBytes(24);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  return base64url(bytes);
};

/** Node decodes whatever it is given; what is not base64 of one form only is no proof. */
function strictBase64(text) {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new Unverified("What should be base64 is not.");
  return bytes;
}

// ---- keys ----

/** An Ed25519 key pair in a JWK file, as `tallystick keygen` writes it: the programs' keys are interchangeable. */
export class Key {
  static async read(path) {
    const key = new Key();
    const jwk = JSON.parse(await readFile(path, "utf8"));
    if (jwk.crv !== "Ed25519" || !jwk.d) throw new Error(`${path} holds no private Ed25519 key`);
    key.public = jwk.x; // what the operator registers
    key.kid = await calculateJwkThumbprint(jwk); // RFC 7638
    key.secret = await importJWK(jwk, "EdDSA");
    return key;
  }

  /** A new key, for its owner's eyes only, never over another. */
  static async create(path) {
    const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
    const { crv, d, kty, x } = await exportJWK(privateKey);
    await writeFile(path, JSON.stringify({ crv, d, kty, x }) + "\n", { mode: 0o600, flag: "wx" });
    return Key.read(path);
  }

  /** The command: a JWS in flattened JSON serialization (RFC 7515 section 7.2.2). */
  async sign(header, payload) {
    return Buffer.from(JSON.stringify(await new FlattenedSign(payload).setProtectedHeader(header).sign(this.secret)));
  }
}

// ---- proofs: nothing in this part asks anyone anything ----

/** A vkey, NAME+HEX+BASE64: the log's name, an id made of name and key, and the key (C2SP signed-note). */
export class VerifierKey {
  constructor(vkey) {
    const [name, id, ...key] = vkey.split("+");
    const typed = Buffer.from(key.join("+"), "base64");
    this.name = name;
    this.id = Buffer.from(id ?? "", "hex");
    if (typed.length !== 33 || typed[0] !== 1 || !sha256(name, "\n", typed).subarray(0, 4).equals(this.id))
      throw new Error("this is no vkey of an Ed25519 key");
    this.key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: base64url(typed.subarray(1)) }, format: "jwk" });
  }
}

/** The signed head of the log: so many entries, and the root over all of them (C2SP tlog-checkpoint). */
export class Checkpoint {
  constructor(note, verifier) {
    const end = note.indexOf("\n\n");
    const text = note.slice(0, end + 1);
    const isSigned = note.slice(end + 2).split("\n").filter((line) => this.#isSigned(text, line, verifier)).length > 0;
    if (end < 0 || !isSigned) throw new Unverified("The checkpoint is not signed by the registry's key.");
    const [origin, size, root] = text.split("\n");
    if (origin !== verifier.name || !/^(0|[1-9]\d{0,15})$/.test(size)) throw new Unverified("The checkpoint is not of this registry.");
    Object.assign(this, { note, size: Number(size), root: strictBase64(root) });
  }

  #isSigned(text, line, verifier) {
    const [dash, name, blob] = line.split(" ");
    if (dash !== "\u2014" || name !== verifier.name) return false; // a witness's signature
    const raw = strictBase64(blob ?? "");
    if (!raw.subarray(0, 4).equals(verifier.id)) return false; // another key's
    if (!verifySignature(null, Buffer.from(text), verifier.key, raw.subarray(4)))
      throw new Unverified("The checkpoint's signature does not verify.");
    return true;
  }
}

const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);
const half = (n) => Math.floor(n / 2); // sizes may be above 2^32, where >> fails

/** RFC 9162 section 2.1.3.2: from the leaf up to the root. */
export function checkInclusion(leaf, index, size, root, path) {
  let [at, last, node] = [index, size - 1, leaf];
  if (!(index >= 0 && index < size)) throw new Unverified("The proof is of an entry outside the tree.");
  for (const sibling of path) {
    if (last === 0) throw new Unverified("The proof is too long.");
    if (at % 2 === 1 || at === last) {
      node = nodeHash(sibling, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      node = nodeHash(node, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0 || !node.equals(root))
    throw new Unverified("The proof does not lead from the entry to the signed root: one of them was changed.");
}

/** RFC 9162 section 2.1.4.2: the tree of `now` begins with the one of `seen`. */
export function checkConsistency(seen, now, hashes) {
  const changed = new Unverified(`The ledger of ${now.size} entries does not continue the one of ${seen.size}: its history was changed.`);
  if (!(seen.size > 0 && seen.size <= now.size) || (seen.size === now.size) !== (hashes.length === 0)) throw changed;
  if (seen.size === now.size) {
    if (!seen.root.equals(now.root)) throw changed;
    return;
  }
  let [at, last] = [seen.size - 1, now.size - 1];
  while (at % 2 === 1) [at, last] = [half(at), half(last)];
  const path = at === 0 ? [seen.root, ...hashes] : hashes; // a whole tree needs no telling
  let [before, after] = [path[0], path[0]];
  for (const sibling of path.slice(1)) {
    if (last === 0) throw changed;
    if (at % 2 === 1 || at === last) {
      [before, after] = [nodeHash(sibling, before), nodeHash(sibling, after)];
      while (at % 2 === 0 && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      after = nodeHash(after, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  if (last !== 0 || !before.equals(seen.root) || !after.equals(now.root)) throw changed;
}

/** A receipt that holds: the entry, and the facts of it that were disclosed to us. */
export class Proven {
  /** command: the exact bytes that were sent, if the entry is to be of them. */
  constructor(receipt, verifier, command) {
    try {
      this.#read(receipt, verifier);
    } catch (error) {
      if (error instanceof Unverified) throw error;
      throw new Unverified(`The receipt cannot be read: ${error.message}`); // whatever a liar may have made of it
    }
    if (command && this.entry.req !== sha256(command).toString("hex"))
      throw new Unverified("The entry is of another command than the one that was sent.");
  }

  #read(receipt, verifier) {
    const text = Buffer.from(receipt.entry, "utf8");
    const leaf = sha256(Buffer.of(0), text);
    Object.assign(this, { receipt, entry: JSON.parse(receipt.entry), facts: {} });
    const end = receipt.proof.indexOf("\n\n"); // C2SP tlog-proof
    const [kind, index, ...path] = receipt.proof.slice(0, end).split("\n");
    if (kind !== "c2sp.org/tlog-proof@v1" || index !== `index ${this.entry.seq}`) throw new Unverified("The proof is not of this entry.");
    if (receipt.seq !== this.entry.seq || receipt.leaf !== leaf.toString("hex"))
      throw new Unverified("The receipt's seq or leaf is not that of its entry.");
    this.checkpoint = new Checkpoint(receipt.proof.slice(end + 2), verifier);
    checkInclusion(leaf, this.entry.seq, this.checkpoint.size, this.checkpoint.root, path.map(strictBase64));
    for (const disclosure of receipt.disclosures) {
      // RFC 9901: [salt, name, value], of which the entry holds the digest
      if (!this.entry._sd.includes(base64url(sha256(disclosure)))) throw new Unverified("A disclosure does not belong to the entry.");
      const [, name, value] = JSON.parse(Buffer.from(disclosure, "base64url").toString("utf8"));
      this.facts[name] = value;
    }
  }

  get type() {
    return this.entry.type;
  }
}

// ---- the registry ----

/** `state` is a folder of this client's own: commands not answered yet, receipts, the last checkpoint seen. */
export class Registry {
  static async open({ url, vkey, key, token, state = "tallystick-state", timeoutMs = 30_000, attempts = 5 }) {
    const registry = new Registry();
    Object.assign(registry, { url: url.replace(/\/+$/, ""), vkey: new VerifierKey(vkey), key, token, state, timeoutMs, attempts });
    for (const folder of ["outbox", "receipts"]) await mkdir(join(state, folder), { recursive: true, mode: 0o700 });
    registry.clockOffset = Number(process.env.TALLYSTICK_CLOCK_OFFSET ?? 0); // of a registry that plays another time
    return registry;
  }

  // -- signed commands --

  /**
   * Signs the payload (bytes, or what becomes JSON), sends it until it is answered; {answer, proven}: the whole answer, and what
   * its receipt proves. contentType: of an invoice file that is signed as it is: application/xml.
   */
  async act(path, payload, contentType) {
    const bytes = payload instanceof Uint8Array ? payload : Buffer.from(JSON.stringify(payload));
    const kept = join(this.state, "outbox", sha256(`${this.key.kid} ${path} `, bytes).toString("hex"));
    for (;;) {
      let command = await readIfThere(kept);
      const isFresh = command === undefined;
      if (isFresh) await writeDurably(kept, (command = await this.#sign(path, bytes, contentType)));
      try {
        const answer = await this.#send(path, { body: command, contentType: "application/jose+json" });
        const proven = await this.#keep(new Proven(answer.receipt, this.vkey, command));
        await rm(kept);
        return { answer, proven };
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        // A rejected invoice: that it was rejected is on the ledger as well.
        if (error.problem.receipt) await this.#keep(new Proven(error.problem.receipt, this.vkey, command));
        await rm(kept);
        // A command must be used within 300 s of its iat. One that was taken before is answered from memory first, so this
        // one never was: signing it anew is safe.
        if (error.slug !== "stale-command" || isFresh) throw error;
      }
    }
  }

  #sign(path, payload, contentType) {
    return this.key.sign(
      {
        alg: "EdDSA",
        kid: this.key.kid,
        aud: this.vkey.name, // for this registry
        url: path, // for this act
        iat: Math.floor(Date.now() / 1000) + this.clockOffset,
        jti: freshJti(), // the idempotency key
        ...(contentType && { cty: contentType }),
      },
      payload,
    );
  }

  async #keep(proven) {
    await writeDurably(join(this.state, "receipts", `${proven.entry.seq}.json`), JSON.stringify(proven.receipt));
    return proven;
  }

  // -- reads --

  /** What the registry says. Only what comes with a proof is more than its word. */
  get(path) {
    return this.#send(path);
  }

  /** An entry that somebody else's act made, with what we may read of it. */
  async entry(seq) {
    const entry = await this.get(`/v1/entries/${seq}`);
    const proof = await this.#send(`/v1/entries/${seq}/proof`, { parse: false });
    return new Proven({ disclosures: [], ...entry, proof }, this.vkey);
  }

  /** A claim, after every entry of its certificate was verified. */
  async claim(id) {
    const certificate = await this.get(`/v1/claims/${id}/certificate`);
    if (!Array.isArray(certificate.entries)) throw new Unverified("The certificate cannot be read.");
    return { claim: certificate.claim, entries: certificate.entries.map((receipt) => new Proven(receipt, this.vkey)) };
  }

  // -- the ledger as a whole --

  /** The present checkpoint: signed, a continuation of the one seen last time, and of that in every receipt kept. */
  async verify() {
    const now = new Checkpoint(await this.#send("/checkpoint", { parse: false }), this.vkey);
    const remembered = join(this.state, "checkpoint");
    const note = await readIfThere(remembered);
    const seen = note === undefined ? [] : [new Checkpoint(note.toString("utf8"), this.vkey)];
    for (const name of await readdir(join(this.state, "receipts"))) {
      if (!name.endsWith(".json")) continue;
      const receipt = JSON.parse(await readFile(join(this.state, "receipts", name), "utf8"));
      seen.push(new Proven(receipt, this.vkey).checkpoint);
    }
    for (const old of seen) await this.#checkContinues(old, now);
    await writeDurably(remembered, now.note);
    return now;
  }

  async #checkContinues(old, now) {
    if (now.size < old.size)
      throw new Unverified(`The ledger shrank: it had ${old.size} entries when last seen and shows ${now.size} now.`);
    const proof = old.size < now.size ? await this.get(`/v1/consistency?from=${old.size}&to=${now.size}`) : { hashes: [] };
    if (!Array.isArray(proof.hashes)) throw new Unverified("The proof of consistency cannot be read.");
    checkConsistency(old, now, proof.hashes.map(strictBase64));
  }

  // -- HTTP --

  /** One request, repeated while the registry is away or asks for patience. Reads and signed commands may be. */
  async #send(path, { body, contentType, parse = true } = {}) {
    for (let attempt = 1; ; attempt++) {
      let waitMs = Math.min(250 * 2 ** attempt, 8000);
      let reason;
      try {
        const answer = await this.#sendOnce(path, body, contentType);
        if (answer.status >= 200 && answer.status < 300) return parse ? parseAnswer(answer.text, path) : answer.text;
        if (answer.status !== 429 && answer.status !== 503) throw refusal(answer);
        reason = `The registry answers ${answer.status}.`;
        waitMs = Math.max(waitMs, retryAfterMs(answer.retryAfter));
      } catch (error) {
        if (error instanceof Refused || error instanceof Unverified || error instanceof Unreachable) throw error;
        reason = `${this.url} does not answer: ${error.cause?.message ?? error.message}`; // refused, reset, timed out, cut off
      }
      if (attempt >= this.attempts || waitMs > WAIT_MOST_MS) throw new Unreachable(reason);
      // A little more than asked, by chance, so that clients refused together do not come back together.
      await sleep(waitMs * (1 + randomInt(250) / 1000));
    }
  }

  async #sendOnce(path, body, contentType) {
    const headers = { "User-Agent": "tallystick-example/1" };
    if (contentType) headers["Content-Type"] = contentType;
    else if (this.token && path.startsWith("/v1/")) headers.Authorization = `Bearer ${this.token}`; // for reads
    const answer = await fetch(this.url + path, {
      method: body ? "POST" : "GET",
      headers,
      body,
      redirect: "manual", // a token or a command goes where it was meant for, and nowhere else
      signal: AbortSignal.timeout(this.timeoutMs),
    });
    const pieces = [];
    let length = 0;
    for await (const piece of answer.body ?? []) {
      length += piece.length;
      if (length > ANSWER_MAX) throw new Unverified(`The answer to ${path} is larger than any of a registry.`);
      pieces.push(piece);
    }
    return { status: answer.status, retryAfter: answer.headers.get("retry-after"), text: Buffer.concat(pieces).toString("utf8") };
  }
}

function parseAnswer(text, path) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Unverified(`The answer to ${path} is not what a registry answers.`);
  }
}

function refusal({ status, text }) {
  let problem;
  try {
    problem = JSON.parse(text);
  } catch {
    // a proxy's page
  }
  const isRefusal = status >= 400 && status < 500 && typeof problem === "object" && problem !== null;
  return isRefusal ? new Refused(status, problem) : new Unreachable(`The registry answers ${status}.`);
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function retryAfterMs(text) {
  if (/^\d{1,9}$/.test(text ?? "")) return Number(text) * 1000;
  const date = Date.parse(text ?? "");
  return Number.isNaN(date) ? 0 : Math.max(0, date - Date.now());
}

async function readIfThere(path) {
  return readFile(path).catch((error) => {
    if (error.code !== "ENOENT") throw error;
  });
}

/** The file has its name only once all of it is on the disk. */
async function writeDurably(path, data) {
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
