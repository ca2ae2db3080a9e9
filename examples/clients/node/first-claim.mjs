#!/usr/bin/env node
// The main job, step by step: from a key of one's own to a financed claim, each step verified. What a program needs next is
// printed on standard output, what a person wants to know on standard error.

import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Key, Refused, Registry, Unreachable, Unverified } from "./tallystick.mjs";

// Exit codes, the same as those of the program `tallystick`.
const EXIT = { refused: 1, usage: 2, unreachable: 3, unverified: 4, local: 5 };
class Usage extends Error {}

const tell = (...words) => console.error(...words);
const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const entryOf = (proven) => `${proven.type}: entry ${proven.entry.seq}, verified`;

function setting(name) {
  if (!process.env[name]) throw new Usage(`Please set ${name}; the README says to what.`);
  return process.env[name];
}

async function registry({ signs = false } = {}) {
  return Registry.open({
    url: setting("TALLYSTICK_URL"),
    vkey: setting("TALLYSTICK_VKEY"),
    key: signs ? await Key.read(setting("TALLYSTICK_KEY")) : undefined,
    token: process.env.TALLYSTICK_TOKEN,
    state: process.env.TALLYSTICK_STATE ?? "tallystick-state",
    attempts: Number(process.env.TALLYSTICK_ATTEMPTS ?? 5),
  });
}

async function act(path, payload, contentType) {
  return (await registry({ signs: true })).act(path, payload, contentType);
}

async function keygen(path) {
  console.log((await Key.create(path)).public);
  tell(`The private key is in ${path}; give the operator the public one.`);
}

/** For the operator: a new participant, who signs with that key. */
async function register(name, role, identifier, publicKey) {
  const [kind, value] = identifier.split("=", 2);
  const { proven } = await act("/v1/participants", { name, roles: [role], identifiers: { [kind]: value }, public_key: publicKey });
  console.log(proven.facts.participant_id);
  tell(`${name} is registered: entry ${proven.entry.seq}, verified`);
}

/** A bearer token for reading, for 30 days. The registry is told its hash, never the token. */
async function token(participant) {
  const text = `ts_${randomBytes(32).toString("base64url")}`;
  const until = new Date(Date.now() + 30 * 86_400_000).toISOString();
  await act("/v1/tokens", { participant, token_sha256: sha256(text), scopes: ["read"], expires_at: until });
  console.log(text);
}

/** What the gateway found: the checks are facts of the entry, so nobody can say later that it found something else. */
function explainReview({ checks, review_outcome }) {
  const passed = checks.filter((check) => typeof check === "string");
  tell(`review: ${review_outcome}; ${passed.length} of ${checks.length} checks passed`);
  for (const check of checks)
    if (typeof check !== "string") tell(`  ${check.outcome}: ${check.code} at ${check.pointer || "the whole"}: ${check.detail}`);
}

async function submit(path) {
  const payload = await readFile(path);
  const { proven } = await act("/v1/receivables", payload, path.endsWith(".xml") ? "application/xml" : undefined);
  if (proven.facts.document_sha256 !== sha256(payload)) throw new Unverified("The ledger speaks of another document than the one submitted.");
  console.log(proven.facts.receivable_id);
  tell(entryOf(proven));
  explainReview(proven.facts);
  if (proven.type === "receivable.held") tell("A reviewer of the registry decides; until then the debtor cannot confirm.");
}

async function confirm(receivable) {
  const { proven } = await act(`/v1/receivables/${receivable}/confirm`, {});
  console.log(proven.facts.claim_id);
  tell(`${entryOf(proven)}; ${proven.facts.face_minor} minor units are owed`);
}

/** Asks all lenders for money on a claim. Programs of theirs that match offer at once, the cheapest first. */
async function ask(claim, payTo) {
  setting("TALLYSTICK_TOKEN");
  const holder = await registry({ signs: true });
  const { answer, proven: asked } = await holder.act("/v1/financing_requests", { claims: [claim], pay_to: payTo });
  tell(`${entryOf(asked)}; ${answer.offers.length} offers at once`);
  if (answer.offers.length === 0) {
    tell(`Lenders may still offer: see /v1/financing_requests/${asked.facts.request_id}`);
    return;
  }
  // The answer's offers are the registry's word. What the lender is bound by is the offer's own entry.
  const offer = await holder.entry(answer.offers[0].seq);
  const { advance_minor: advance, interest_minor: interest, fee_minor: fee, currency } = offer.facts;
  if (offer.type !== "offer.made" || offer.facts.request_id !== asked.facts.request_id)
    throw new Unverified("The offer is not one on this request.");
  console.log(offer.facts.offer_id);
  tell(`${entryOf(offer)}; advance ${advance} - interest ${interest} - fee ${fee} = ${advance - interest - fee} minor units of ${currency}`);
}

async function accept(offer) {
  const { proven } = await act(`/v1/offers/${offer}/accept`, {});
  const { financing_id, net_minor, currency, pay_to, disburse_by } = proven.facts;
  console.log(financing_id);
  tell(`${entryOf(proven)}; ${net_minor} minor units of ${currency} go to ${pay_to} by ${disburse_by}`);
}

async function claim(id) {
  setting("TALLYSTICK_TOKEN");
  const { claim: shown, entries } = await (await registry()).claim(id);
  console.log(JSON.stringify(shown, null, 2));
  for (const proven of entries) tell(`entry ${proven.entry.seq} of ${proven.entry.at}, verified: ${proven.type}`);
}

async function verify() {
  const checkpoint = await (await registry()).verify();
  console.log(checkpoint.size);
  tell(`verified: ${checkpoint.size} entries, root ${checkpoint.root.toString("hex")}; it continues all that was seen before`);
}

const COMMANDS = {
  keygen: [keygen, "FILE", "makes a key; prints its public half"],
  register: [register, "NAME ROLE KIND=IDENTIFIER PUBLIC-KEY", "for the operator: adds a participant; prints its id"],
  token: [token, "PARTICIPANT", "makes a token for reading; prints it"],
  submit: [submit, "INVOICE", "submits an invoice (.json, or UBL or CII as .xml); prints the receivable's id"],
  confirm: [confirm, "RECEIVABLE", "for the debtor: confirms it; prints the claim's id"],
  ask: [ask, "CLAIM PAY-TO", "asks lenders for money on a claim; prints the cheapest offer's id"],
  accept: [accept, "OFFER", "accepts an offer: the lender is told to pay; prints the financing's id"],
  claim: [claim, "CLAIM", "reads a claim and verifies its history; prints it"],
  verify: [verify, "", "verifies the ledger's head against all that was seen before; prints its size"],
};

function usage() {
  const lines = Object.entries(COMMANDS).map(([name, [, operands, help]]) => `  first-claim.mjs ${name} ${operands}\n      ${help}`);
  return new Usage(lines.join("\n"));
}

async function main([name, ...operands]) {
  const [run, names] = Object.hasOwn(COMMANDS, name ?? "") ? COMMANDS[name] : [];
  if (!run || operands.length !== names.split(" ").filter(Boolean).length) throw usage();
  await run(...operands);
}

main(process.argv.slice(2)).catch((error) => {
  const isUnverified = error instanceof Unverified || error instanceof TypeError; // lacks what it must say
  tell(isUnverified ? `VERIFICATION FAILED: ${error.message}` : error.message);
  const kinds = [[Refused, EXIT.refused], [Usage, EXIT.usage], [Unreachable, EXIT.unreachable], [Unverified, EXIT.unverified],
    [TypeError, EXIT.unverified]];
  process.exitCode = kinds.find(([kind]) => error instanceof kind)?.[1] ?? EXIT.local;
});
