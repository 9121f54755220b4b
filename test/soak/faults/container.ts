/** What both containers of the soaked graph have: their ports, and what they say of a crossed request. */
import type { Server } from "node:net";

/** Who has been crossed is told to the client, which takes it for a wrong answer. */
export const crossed = (head: string, body: string): string =>
  `crossed: head of ${head}, body of ${body}`;

const listen = (server: Server, port: string | undefined): Promise<void> =>
  new Promise((resolve) => server.listen(Number(port), "127.0.0.1", resolve));

/** Serves on the ports of the command line until the soak ends, which is told when it can be asked. */
export const serve = async ({ rest, grpc }: { rest: Server; grpc: Server }): Promise<void> => {
  const [httpPort, grpcPort] = process.argv.slice(2);
  process.on("disconnect", () => process.exit());
  await Promise.all([listen(rest, httpPort), listen(grpc, grpcPort)]);
  process.send?.("listening");
};
