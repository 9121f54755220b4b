import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/**
 * Below the ports that a system gives by itself: nobody is given one of these between our look and
 * its use, and who asks a server that is away does not reach itself.
 *
 * Source: ip(7), ip_local_port_range; RFC 6335, 6.
 */
const [first, end] = [16_384, 32_768];

const isFree = async (port: number): Promise<boolean> => {
  const server = createServer();
  const listening = once(server, "listening").then(
    () => true,
    () => false, // taken
  );
  server.listen(port, "127.0.0.1");
  if (!(await listening)) return false;
  await once(server.close(), "close");
  return true;
};

/** Ports of 127.0.0.1 that nothing listens on, all different. */
export const freePorts = async (count: number): Promise<readonly number[]> => {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = randomInt(first, end);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
};
