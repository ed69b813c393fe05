// Runs the JavaScript of the tests: a line of JSON in, a line of JSON out, until there are no more.
//
// In: `url`, `apiKey` and `siteId` of a sandbox; `code`, an expression or the body of a function;
// `values`, what the code may name besides the SDK, a client, and the client's modules.
// Out: `value` or `thrown`, and `asked`, the requests that went out.

import { createInterface } from "node:readline";
import * as crm from "@wix/crm";
import * as sdk from "@wix/sdk";
import { connect, toward } from "./client.mjs";

const AsyncFunction = (async () => {}).constructor;

async function run({ url, apiKey, siteId, code, values }, asked) {
  // Where no `fetch` can be handed over, as for tokens, the SDK takes the global one.
  globalThis.fetch = toward(url, asked);
  const client = connect(sdk.ApiKeyStrategy({ apiKey, siteId }), globalThis.fetch);
  const { contacts, labels, extendedFields } = client;
  const names = { ...sdk, crm, connect, client, contacts, labels, extendedFields, ...values };
  const body = /\breturn\b/.test(code) ? `return (async () => {${code}})()` : `return ${code}`;
  return await new AsyncFunction(...Object.keys(names), body)(...Object.values(names));
}

/** Write a value as JSON that still tells a Date from a text, and a page of results from a list. */
function plain(value) {
  if (value instanceof Date) return { $date: Number.isNaN(+value) ? null : value.toISOString() };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (typeof value.hasNext !== "function") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
  }
  const { items, length, totalCount, totalPages, currentPage, pageSize } = value;
  const around = { hasNext: value.hasNext(), hasPrev: value.hasPrev() };
  return plain({ items, length, totalCount, totalPages, currentPage, pageSize, ...around });
}

function thrown(error) {
  const { name, message, status, requestId, details, response } = error;
  const kind = error.constructor.name;
  return plain({ kind, name, message, status, requestId, details, response });
}

for await (const line of createInterface({ input: process.stdin })) {
  const asked = [];
  let answer;
  try {
    answer = { value: plain(await run(JSON.parse(line), asked)) };
  } catch (error) {
    answer = { thrown: thrown(error) };
  }
  process.stdout.write(`${JSON.stringify({ ...answer, asked })}\n`);
}
