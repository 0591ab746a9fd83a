// JSON to SOAP to JSON with the packages soap and fastify: node soap.cjs PORT MINISTRY WSDL OPERATION FIELDS
"use strict";

const http = require("node:http");
const soap = require("soap");

const [port, ministry, wsdl, operation, fields] = process.argv.slice(2);
const fixed = JSON.parse(fields);
const agent = new http.Agent({ keepAlive: true, maxSockets: 100 });
const server = require("fastify")({ logger: false });

async function main() {
  const client = await soap.createClientAsync(wsdl, { endpoint: ministry, wsdl_options: { httpAgent: agent } });
  client.addHttpHeader("Authorization", "Bearer peer");
  const ask = client[`${operation}Async`].bind(client);
  server.post("/", async (request) => {
    const [answer] = await ask({ ...fixed, ...request.body }, { httpAgent: agent });
    return answer;
  });
  await server.listen({ port: Number(port), host: "127.0.0.1" });
}

main();
