import type { LookupAddress } from "node:dns";
import { createServer, type Server } from "node:http";
import type { AddressInfo, LookupFunction } from "node:net";
import { afterEach, describe, expect, it } from "@jest/globals";
import { makeAddresses } from "../../../runtime/client/addresses.ts";
import { type HttpClient, makeHttpClient } from "../../../runtime/client/http.ts";
import type { HttpReply } from "../../../runtime/client/reply-reader.ts";
import { makeDeadlines } from "../../../runtime/deadlines.ts";
import { promised } from "../../../runtime/done.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { defaultLimits } from "../../../runtime/limits.ts";
import { cancel, makeScope, type Scope } from "../../../runtime/scope.ts";
import { turns } from "../sockets.ts";

const [one, two, six] = ["127.0.0.1", "127.0.0.2", "::1"];
const familyOf = (address: string): number => (address.includes(":") ? 6 : 4);

/** A name server of one name. */
const makeNames = (...first: string[]) => {
  let addresses: readonly string[] = first;
  let asked = 0;
  let held: (() => void)[] | undefined;
  const lookup: LookupFunction = (_name, options, callback) => {
    asked += 1;
    expect(options.all).toBe(true);
    const answer = (): void => {
      if (addresses.length === 0) callback(new Error("ENOTFOUND"), "");
      else
        callback(
          null,
          addresses.map((address) => ({ address, family: familyOf(address) })),
        );
    };
    if (held === undefined) setImmediate(answer);
    else held.push(answer);
  };
  return {
    lookup,
    asked: () => asked,
    set: (...later: string[]) => {
      addresses = later;
    },
    /** Keeps answers back until what it returns is called. */
    hold: () => {
      const kept: (() => void)[] = [];
      held = kept;
      return () => {
        held = undefined;
        for (const answer of kept) answer();
      };
    },
  };
};

const servers: Server[] = [];
const clients: HttpClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) await close(server);
});

const close = (server: Server): Promise<unknown> => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
};

const listen = (address: string, port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((request, response) => {
      request.resume();
      request.on("end", () => response.end(address));
    });
    server.on("error", reject);
    server.listen(port, address, () => {
      servers.push(server);
      resolve(server);
    });
  });

const connectionsOf = (server: Server | undefined): (() => number) => {
  let count = 0;
  server?.on("connection", () => {
    count += 1;
  });
  return () => count;
};

/** Servers that answer with their address, all on one port. */
const listenAll = async (...addresses: string[]): Promise<number> => {
  for (;;) {
    const [first = one, ...others] = addresses;
    const server = await listen(first, 0);
    const { port } = server.address() as AddressInfo; // a TCP server's address
    try {
      for (const address of others) await listen(address, port);
      return port;
    } catch {
      for (const taken of servers.splice(0)) await close(taken);
    }
  }
};

const stop = async (address: string): Promise<void> => {
  const at = servers.findIndex((server) => (server.address() as AddressInfo).address === address);
  for (const server of servers.splice(at, 1)) await close(server);
};

const clientOf = (port: number, lookup: LookupFunction): HttpClient => {
  const client = makeHttpClient({
    host: "models.example",
    port,
    limits: defaultLimits,
    deadlines: makeDeadlines(),
    lookup,
  });
  clients.push(client);
  return client;
};

const ask = (
  client: HttpClient,
  timeoutMs = 5000,
  scope: Scope = makeScope(),
): Promise<HttpReply> =>
  promised((done) =>
    client.send(
      { method: "GET", path: "/", headerLines: "", body: undefined, timeoutMs, scope },
      done,
    ),
  );

/** The addresses that answer so many requests at the same time, each on a connection of its own. */
const askAll = async (client: HttpClient, count: number): Promise<string[]> => {
  const replies = await Promise.all(Array.from({ length: count }, () => ask(client)));
  return replies.map(({ body }) => body.toString()).sort();
};

/** Runs `work` when so much more time has passed. */
const later = async <Answer>(ms: number, work: () => Promise<Answer>): Promise<Answer> => {
  const now = performance.now;
  performance.now = () => now.call(performance) + ms;
  try {
    return await work();
  } finally {
    performance.now = now;
  }
};

describe("makeHttpClient of a name", () => {
  it("spreads connections over all addresses, of both families", async () => {
    const port = await listenAll(one, two, six);
    const client = clientOf(port, makeNames(one, two, six).lookup);
    expect(await askAll(client, 6)).toEqual([one, one, two, two, six, six]);
  });

  it("keeps connections, and asks for addresses once", async () => {
    const port = await listenAll(one);
    const names = makeNames(one);
    const client = clientOf(port, names.lookup);
    const opened = connectionsOf(servers[0]);
    await ask(client);
    await ask(client);
    expect([opened(), names.asked()]).toEqual([1, 1]);
  });

  it("asks once for connections that open at the same time", async () => {
    const port = await listenAll(one);
    const names = makeNames(one);
    await askAll(clientOf(port, names.lookup), 5);
    expect(names.asked()).toBe(1);
  });

  it("goes to the next address when one takes no connection, and tries that last then", async () => {
    const port = await listenAll(one);
    const client = clientOf(port, makeNames(two, one).lookup);
    expect(await askAll(client, 4)).toEqual([one, one, one, one]);
  });

  it("goes to the next address when one is silent", async () => {
    const port = await listenAll(one);
    // The first is kept for documentation; nobody answers there.
    const client = clientOf(port, makeNames("192.0.2.1", one).lookup);
    expect(await askAll(client, 2)).toEqual([one, one]);
  });

  it("goes back to an address that takes connections again", async () => {
    const port = await listenAll(one);
    const client = clientOf(port, makeNames(two, one).lookup);
    expect(await askAll(client, 2)).toEqual([one, one]);
    await listen(two, port);
    const answers = await later(11_000, () => askAll(client, 4));
    expect(answers).toEqual([one, one, two, two]);
  });

  it("goes where a name has moved when nothing takes a connection where it was", async () => {
    const port = await listenAll(one, two);
    const names = makeNames(one);
    const client = clientOf(port, names.lookup);
    expect(await askAll(client, 1)).toEqual([one]);
    await stop(one);
    names.set(two);
    const answers = await later(2000, () => askAll(client, 3)); // idle connections are too old
    expect(answers).toEqual([two, two, two]);
    expect(names.asked()).toBe(2);
  });

  it("asks anew once for each call while nothing takes a connection", async () => {
    const port = await listenAll(one);
    await stop(one);
    const names = makeNames(one, two);
    const client = clientOf(port, names.lookup);
    for (const asked of [1, 2, 3]) {
      await expect(ask(client)).rejects.toMatchObject({ code: "NODE_UNREACHABLE" });
      expect(names.asked()).toBe(asked);
    }
  });

  it("asks once more when nothing takes a connection, and no further if that fails", async () => {
    const port = await listenAll(one);
    const names = makeNames(one);
    const client = clientOf(port, names.lookup);
    await ask(client);
    await stop(one);
    names.set();
    const error = await later(2000, () => ask(client)).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("ENOTFOUND");
    expect(names.asked()).toBe(2);
  });

  it("asks anew after a call that ended before its connection was open", async () => {
    const port = await listenAll(one);
    const names = makeNames(one);
    const client = clientOf(port, names.lookup);
    const [, left] = [await ask(client), makeScope()];
    const kept = ask(client); // takes the idle connection
    const given = ask(client, 5000, left);
    cancel(left, new EngineError("CLIENT_GONE", "left"));
    await expect(given).rejects.toMatchObject({ code: "CLIENT_GONE" });
    await kept;
    await turns();
    await askAll(client, 2); // more than there are idle connections
    expect(names.asked()).toBe(2);
  });

  it("asks again while it is in use, and waits for it with nothing", async () => {
    const port = await listenAll(one, two);
    const names = makeNames(one);
    const client = clientOf(port, names.lookup);
    await ask(client);
    const release = names.hold();
    names.set(two);
    await later(6000, async () => {
      expect(await askAll(client, 2)).toEqual([one, one]);
      expect(names.asked()).toBe(2);
      release();
      expect(await askAll(client, 2)).toEqual([two, two]); // the kept connections are left alone
      expect(names.asked()).toBe(2);
    });
  });

  it("keeps what it knows when the name cannot be found again", async () => {
    const port = await listenAll(one);
    const names = makeNames(one);
    const client = clientOf(port, names.lookup);
    await ask(client);
    names.set();
    expect(await later(6000, () => askAll(client, 2))).toEqual([one, one]);
    expect(await later(12_000, () => askAll(client, 2))).toEqual([one, one]);
    expect(names.asked()).toBe(3);
  });

  it("says that a name cannot be found, and asks again next time", async () => {
    const port = await listenAll(one);
    const names = makeNames();
    const client = clientOf(port, names.lookup);
    const error = await ask(client).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "NODE_UNREACHABLE" });
    expect(String(error)).toContain("ENOTFOUND");
    names.set(one);
    expect(await askAll(client, 1)).toEqual([one]);
  });

  it.each([
    { name: "no address", answer: [] },
    { name: "what is no address", answer: [{ address: "nowhere", family: 4 }] },
  ])("does not trip over a lookup that answers $name", async ({ answer }) => {
    const client = clientOf(9, (_name, _options, callback) => callback(null, answer));
    await expect(ask(client)).rejects.toMatchObject({ code: "NODE_UNREACHABLE" });
  });

  it("takes a lookup that answers one address, and at once", async () => {
    const port = await listenAll(one);
    const client = clientOf(port, (_name, _options, callback) => callback(null, one, 4));
    const opened = connectionsOf(servers[0]);
    await ask(client);
    await ask(client);
    expect(opened()).toBe(1);
  });

  it("gives up a call whose addresses do not come in time", async () => {
    const names = makeNames(one);
    const release = names.hold();
    const error = await ask(clientOf(9, names.lookup), 20).catch((thrown: unknown) => thrown);
    expect(error instanceof EngineError && error.code).toBe("NODE_TIMEOUT");
    release();
  });
});

describe("makeAddresses", () => {
  const fail: LookupFunction = () => {
    throw new Error("asked");
  };

  it.each([one, six, "fe80::1%eth0"])("has nothing to find for %s", (host) => {
    expect(makeAddresses({ host, lookup: fail })).toBeUndefined();
  });

  it("asks in the background every five seconds at most", async () => {
    const names = makeNames(one);
    const addresses = makeAddresses({ host: "a.example", lookup: names.lookup });
    const next = (): Promise<unknown> =>
      new Promise((resolve) => addresses?.lookup("", {}, (_error, found) => resolve(found)));
    const now = performance.now();
    addresses?.refresh(now + 60_000); // nobody has asked for an address yet
    expect(names.asked()).toBe(0);
    await next();
    addresses?.refresh(now + 4000);
    expect(names.asked()).toBe(1);
    const then = performance.now() + 6000;
    addresses?.refresh(then);
    addresses?.refresh(then); // one is under way
    expect(names.asked()).toBe(2);
  });

  it("takes turns, and puts last what took no connection", async () => {
    const { lookup } = makeNames(one, two, six);
    const addresses = makeAddresses({ host: "a.example", lookup });
    const next = (): Promise<string[]> =>
      new Promise((resolve) =>
        addresses?.lookup(
          "",
          {},
          (_error, found) => resolve((found as LookupAddress[]).map(({ address }) => address)), // all were asked for
        ),
      );
    expect(await next()).toEqual([one, two, six]);
    expect(await next()).toEqual([two, six, one]);
    addresses?.mark(six, false);
    expect(await next()).toEqual([one, two, six]);
    expect(await next()).toEqual([one, two, six]);
    addresses?.mark(six, true);
    expect(await next()).toEqual([two, six, one]);
  });
});
