// Clients of the official SDK whose requests go to the sandbox: only the host is another.

import * as crm from "@wix/crm";
import { createClient } from "@wix/sdk";

const HOSTS = ["www.wixapis.com", "edge.wixapis.com"];
const SECONDS = 20; // the SDK itself would wait for ever
const { fetch } = globalThis;

/** Make a `fetch` that sends what is meant for the service to `url`, and notes it in `asked`. */
export function toward(url, asked = []) {
  return (address, options = {}) => {
    const { host, pathname, search } = new URL(address);
    if (!HOSTS.includes(host)) throw new Error(`not an address of the service: ${address}`);
    asked.push(`${options.method ?? "GET"} ${host}${pathname}`);
    const signal = AbortSignal.timeout(SECONDS * 1000);
    return fetch(`${url}${pathname}${search}`, { ...options, signal });
  };
}

/** Make a client that has the modules of contacts, labels and extended fields. */
export function connect(auth, fetch = globalThis.fetch) {
  const { contacts, extendedFields, labels } = crm;
  return createClient({ auth, fetch, modules: { contacts, extendedFields, labels } });
}
