// Calls every SOAP operation of every system at the gateway, by the package `soap` and the WSDL that the gateway serves.
// LGSP_URL, LGSP_API_KEY and LGSP_SIMULATOR (its address: the requests are its examples). Prints one line a system.
import soap from "soap";

const bus = process.env.LGSP_URL, key = process.env.LGSP_API_KEY, simulator = process.env.LGSP_SIMULATOR;
const examples = await (await fetch(`${simulator}/_sim/examples`)).json();
const bySystem = Map.groupBy ? Map.groupBy(examples, (e) => e.system) : group(examples);
let failed = 0, called = 0;

for (const [system, all] of bySystem) {
  const version = all[0].version;
  const client = await soap.createClientAsync(`${bus}/soap/${system}/${version}?wsdl`, {
    wsdl_headers: { "X-API-Key": key },
    handleNilAsNull: true,
  });
  const operations = new Set(Object.values(Object.values(Object.values(client.describe())[0])[0]).length
    ? Object.keys(Object.values(Object.values(client.describe())[0])[0]) : []);
  const wrong = [];
  const done = new Set();
  for (const example of all.filter((e) => e.expect === "ok")) {
    const method = client[`${example.operation}Async`];
    if (!method) { wrong.push(`${example.operation}: not in the client`); continue; }
    try {
      await method(example.request, { timeout: 30000 }, { "X-API-Key": key, ...headersOf(example) });
      done.add(example.operation);
    } catch (error) {
      wrong.push(`${example.operation}: ${String(error.message).slice(0, 200)}`);
    }
    called += 1;
  }
  for (const name of operations) if (!done.has(name) && !wrong.some((line) => line.startsWith(`${name}:`))) {
    wrong.push(`${name}: has no example that succeeds`);
  }
  failed += wrong.length;
  console.log(`${wrong.length ? "FAILED" : "ok"} ${system}: ${done.size} of ${operations.size} operations`);
  for (const line of wrong) console.log(`  ${line}`);
}
console.log(`${called} calls, ${failed} failed`);
process.exit(failed ? 1 : 0);

function headersOf(example) {
  return Object.fromEntries(Object.entries(example.headers ?? {}).map(([name, value]) => [name, encodeURI(value)]));
}

function group(list) {
  const found = new Map();
  for (const each of list) found.set(each.system, [...(found.get(each.system) ?? []), each]);
  return found;
}
