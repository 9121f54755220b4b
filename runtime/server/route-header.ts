/**
 * The value of `Seldon-Route`: which child each choosing node took, in the order of the walk, as
 * `node=route,...`. Characters that would not survive in a header are percent-encoded.
 *
 * Undefined when no node chose. Source: design 5.3.3.
 */
export const routeHeader = (
  routers: readonly string[],
  routes: ReadonlyMap<string, number>,
): string | undefined => {
  if (routers.length === 0) return undefined;
  const taken: string[] = [];
  for (const name of routers) {
    const route = routes.get(name);
    if (route !== undefined) taken.push(`${encodeURIComponent(name)}=${route}`);
  }
  return taken.length === 0 ? undefined : taken.join(",");
};
