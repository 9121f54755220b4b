/**
 * What we use of node:http, without the rest: an import of that module makes a value of each of its
 * names, and one of them loads a whole WebSocket client, which costs 14 MB and 20 ms at start.
 */
export const { Agent, createServer, request, STATUS_CODES } = process.getBuiltinModule("node:http");
