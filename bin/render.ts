/**
 * `espalier render`: the Kubernetes objects of the given manifests, as the operator would apply them.
 *
 * Objects go to the standard output, faults and warnings to the error output, as those of `validate`.
 * Where there is a fault nothing is printed, so that nobody applies half of a file.
 */
import { parseArgs } from "node:util";
import { withNamespace } from "../api/documents.ts";
import { parse } from "../api/parse.ts";
import { type Result, success, together } from "../api/result.ts";
import { defaultSettings, type Settings } from "../api/settings.ts";
import { writeYaml } from "../api/yaml.ts";
import type { KubernetesObject } from "../operator/render/object.ts";
import { render } from "../operator/render/render.ts";
import { renderRoutes } from "../operator/render/route/route.ts";
import { type Io, makeSystemIo, print, readDeployments } from "./deployments.ts";

const usage = `usage: espalier render [flags] FILE...|FOLDER...|-

Prints the Kubernetes objects that the operator would apply for the
SeldonDeployments in YAML or JSON files: Services, scaling, Deployments, and the
routes that there are once every predictor serves. A folder stands for its
*.yaml, *.yml and *.json files, and - for the standard input.

  --namespace NAME    of deployments that name none (default)
  --config FILE       a ConfigMap seldon-config of a cluster: servers and images
  --istio             with VirtualServices and DestinationRules
  --ambassador v1|v2  with Mappings, as annotations (v1) or objects (v2)
  --gateway NAME      with HTTPRoutes to this Gateway: NAME or NAMESPACE/NAME
  --keda              with ScaledObjects, where a manifest asks for them
  --strict            unknown fields are errors, not warnings
  --quiet             print errors only, no warnings
  --help              print this

Exit code: 0 without errors, 1 with errors, 2 when the command is not understood.
`;

type Options = {
  readonly inputs: readonly string[];
  readonly namespace: string;
  readonly config: string | undefined;
  readonly settings: Settings;
  readonly strict: boolean;
  readonly quiet: boolean;
};

export const main = async (argv: readonly string[], io: Io = makeSystemIo()): Promise<number> => {
  const options = readOptions(argv);
  if (typeof options === "string") {
    const isHelp = options === usage;
    (isHelp ? io.stdout : io.stderr).write(options);
    return isHelp ? 0 : 2;
  }
  const { inputs, config, settings } = options;
  const judge = (value: unknown, known: Settings) => objectsOf(value, known, options);
  const { values, lines } = await readDeployments({ inputs, config, settings, judge }, io);
  const isFaulty = lines.some(({ word }) => word === "error");
  for (const line of lines) {
    if (line.word === "error" || !options.quiet) io.stderr.write(`${print(line)}\n`);
  }
  if (isFaulty) return 1;
  io.stdout.write(
    values
      .flat()
      .map((object) => `---\n${writeYaml(object)}`)
      .join(""),
  );
  return 0;
};

/** In the order in which the operator brings them about. */
const objectsOf = (
  value: unknown,
  settings: Settings,
  { namespace, strict }: Options,
): Result<readonly KubernetesObject[]> => {
  const parsed = parse(withNamespace(value, namespace), settings, { strict });
  if (!parsed.ok) return parsed;
  const rendered = together([
    render(parsed.value, settings),
    renderRoutes(parsed.value, settings, () => true),
  ]);
  const warnings = [...parsed.warnings, ...rendered.warnings];
  if (!rendered.ok) return { ...rendered, warnings };
  const [{ services, scaling, deployments }, routes] = rendered.value;
  return success(
    [...services, ...scaling, ...deployments.map(({ object }) => object), ...routes],
    warnings,
  );
};

/** The options, or what to print instead. */
const readOptions = (argv: readonly string[]): Options | string => {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        namespace: { type: "string", default: "default" },
        config: { type: "string" },
        istio: { type: "boolean", default: false },
        ambassador: { type: "string" },
        gateway: { type: "string" },
        keda: { type: "boolean", default: false },
        strict: { type: "boolean", default: false },
        quiet: { type: "boolean", short: "q", default: false },
        help: { type: "boolean", short: "h" },
      },
    });
    if (values.help) return usage;
    const fault = faultOf(values, positionals);
    if (fault !== undefined) return complain(fault);
    const { namespace, config, strict, quiet } = values;
    return { inputs: positionals, namespace, config, strict, quiet, settings: settingsOf(values) };
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  }
};

type Flags = {
  readonly namespace: string;
  readonly istio: boolean;
  readonly keda: boolean;
  readonly ambassador?: string | undefined;
  readonly gateway?: string | undefined;
};

const name = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

const faultOf = (
  { namespace, ambassador, gateway }: Flags,
  inputs: readonly string[],
): string | undefined => {
  if (inputs.length === 0) return "name a manifest file, a folder, or - to read standard input";
  if (!name.test(namespace)) {
    return `--namespace ${namespace}: write lower-case letters, digits and -`;
  }
  if (ambassador !== undefined && !["v1", "v2"].includes(ambassador)) {
    return `--ambassador ${ambassador}: write v1 or v2`;
  }
  return gateway === undefined || /^[^/]+(\/[^/]+)?$/.test(gateway)
    ? undefined
    : `--gateway ${gateway}: write NAME or NAMESPACE/NAME`;
};

const settingsOf = ({ istio, keda, ambassador, gateway }: Flags): Settings => ({
  ...defaultSettings,
  istioEnabled: istio,
  kedaEnabled: keda,
  ambassadorEnabled: ambassador !== undefined,
  ambassadorVersion: ambassador ?? defaultSettings.ambassadorVersion,
  gatewayApiEnabled: gateway !== undefined,
  gateway: gateway ?? defaultSettings.gateway,
});

const complain = (what: string): string =>
  `espalier render: ${what}\nTry "espalier render --help".\n`;
