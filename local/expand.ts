/**
 * Replaces `$(NAME)` by the variable of that name, as Kubernetes does in `command`, `args` and the
 * values of `env`: an unknown name stays as it is written, and `$$` stands for `$`.
 *
 * Source: Kubernetes API reference, core/v1 Container (`command`) and EnvVar (`value`).
 */
export const expand = (text: string, variables: ReadonlyMap<string, string>): string =>
  text.replace(/\$\$|\$\(([^)]*)\)/g, (written, name: string | undefined) =>
    name === undefined ? "$" : (variables.get(name) ?? written),
  );
