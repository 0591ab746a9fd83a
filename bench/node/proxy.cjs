// A proxy as @fastify/http-proxy's own documentation sets it up: node proxy.cjs PORT TARGET
"use strict";

const [port, target] = process.argv.slice(2);
const url = new URL(target);
const server = require("fastify")({ logger: false });

server.register(require("@fastify/http-proxy"), {
  upstream: url.origin,
  prefix: "/",
  rewritePrefix: url.pathname,
  undici: { connections: 100, pipelining: 1, keepAliveTimeout: 15000 },
});
server.listen({ port: Number(port), host: "127.0.0.1" });
