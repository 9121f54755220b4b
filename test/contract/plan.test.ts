import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { decodePlan, encodePlan, type PlanSource, type UnitSource } from "../../api/plan.ts";

/** The variable that an operator, ours or v1's, writes and the engine reads. Source: engine contract, 1.3. */
const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64");

const decoded = (encoded: string) => {
  const plan = decodePlan(encoded);
  if (!plan.ok) throw new Error(JSON.stringify(plan.issues));
  return plan.value;
};

const issuesOf = (encoded: string) => {
  const plan = decodePlan(encoded);
  return plan.ok ? [] : plan.issues;
};

describe("encodePlan", () => {
  const source: PlanSource = {
    name: "main",
    labels: { b: "2", a: "1" },
    annotations: { version: "v1", "seldon.io/rest-timeout": "5" },
    graph: {
      name: "ab",
      implementation: "RANDOM_ABTEST",
      parameters: [{ type: "FLOAT", value: "0.5", name: "ratioA" }],
      endpoint: { grpcPort: 9500, type: "REST", service_host: "localhost", httpPort: 9000 },
      logger: { mode: "all", url: "http://x" },
      children: [{ methods: ["TRANSFORM_INPUT"], type: "MODEL", name: "m", children: [] }],
    },
    componentSpecs: [{ spec: { containers: [{ image: "i:1", name: "m" }] } }],
  };

  it("writes known fields in a fixed order, whatever the order it is given", () => {
    const text = Buffer.from(encodePlan(source), "base64").toString();
    expect(text).toBe(
      '{"name":"main","graph":{"name":"ab","children":[{"name":"m","type":"MODEL","methods":["TRANSFORM_INPUT"]}],' +
        '"implementation":"RANDOM_ABTEST","endpoint":{"service_host":"localhost","type":"REST","httpPort":9000,"grpcPort":9500},' +
        '"parameters":[{"name":"ratioA","value":"0.5","type":"FLOAT"}],"logger":{"url":"http://x","mode":"all"}},' +
        '"componentSpecs":[{"spec":{"containers":[{"name":"m","image":"i:1"}]}}],"annotations":{"version":"v1"},"labels":{"a":"1","b":"2"}}',
    );
  });

  it("does not change with what an engine has no use for", () => {
    const more = {
      ...source,
      replicas: 3,
      traffic: 50,
      annotations: { version: "v1", other: "x" },
      componentSpecs: [
        { replicas: 2, spec: { containers: [{ name: "m", image: "i:1", env: [] }], volumes: [] } },
      ],
    };
    expect(encodePlan(more)).toBe(encodePlan(source));
  });

  const name = fc.oneof(fc.string({ minLength: 1 }), fc.constantFrom("__proto__", "constructor"));
  const port = fc.integer({ min: 1, max: 65_535 });
  const { unit } = fc.letrec<{ unit: UnitSource }>((tie) => ({
    unit: fc.record(
      {
        name,
        children: fc.array(tie("unit"), { maxLength: 2 }),
        type: fc.constantFrom("MODEL", "ROUTER", "odd"),
        implementation: fc.string(),
        methods: fc.array(fc.string(), { maxLength: 2 }),
        endpoint: fc.record(
          {
            service_host: fc.string(),
            service_port: port,
            httpPort: port,
            grpcPort: port,
            type: fc.string(),
          },
          { requiredKeys: [] },
        ),
        parameters: fc.array(
          fc.record(
            { name: fc.string(), value: fc.string(), type: fc.string() },
            { requiredKeys: ["name", "value"] },
          ),
          { maxLength: 2 },
        ),
        logger: fc.record({ url: fc.string(), mode: fc.string() }, { requiredKeys: [] }),
      },
      { requiredKeys: ["name"] },
    ),
  }));

  /** What the engine makes of a unit: lists that are absent are empty. */
  const asRead = (one: UnitSource): unknown => ({
    ...one,
    children: (one.children ?? []).map(asRead),
    methods: one.methods ?? [],
    parameters: one.parameters ?? [],
  });

  it("is read back as it was", () => {
    const images = fc.array(fc.tuple(name, fc.string()), { maxLength: 3 });
    fc.assert(
      fc.property(unit, name, fc.string(), images, (graph, predictor, version, containers) => {
        const plan = decoded(
          encodePlan({
            name: predictor,
            graph,
            annotations: { version },
            labels: { app: version },
            componentSpecs: [
              { spec: { containers: containers.map(([one, image]) => ({ name: one, image })) } },
              {},
            ],
          }),
        );
        expect(plan.graph).toEqual(asRead(graph));
        expect(plan).toMatchObject({ name: predictor, version, labels: { app: version } });
        const first = new Map([...containers].reverse());
        expect(new Map(Object.entries(plan.images))).toEqual(first);
      }),
      { seed: 20_261_122, numRuns: 300 },
    );
  });
});

describe("decodePlan", () => {
  it("reads keys in any case, and passes over those it does not know", () => {
    const plan = decoded(
      encode({
        Name: "main",
        REPLICAS: 1,
        explainer: null,
        Graph: {
          NAME: "n",
          Type: "MODEL",
          modelUri: "gs://x",
          EndPoint: { Service_Host: "h", HTTPPORT: 1, GrpcPort: 2, service_PORT: 3 },
          Children: [{ name: "c", Parameters: [{ Name: "p", VALUE: "v" }] }],
        },
        Annotations: { version: "v", Version: "not this" },
        ComponentSpecs: [{ Spec: { Containers: [{ Name: "n", Image: "i" }] } }],
      }),
    );
    expect(plan).toEqual({
      name: "main",
      version: "v",
      labels: {},
      images: Object.assign(Object.create(null), { n: "i" }),
      graph: {
        name: "n",
        type: "MODEL",
        methods: [],
        parameters: [],
        endpoint: { service_host: "h", service_port: 3, httpPort: 1, grpcPort: 2 },
        children: [
          { name: "c", children: [], methods: [], parameters: [{ name: "p", value: "v" }] },
        ],
      },
    });
  });

  it.each([
    { port: 0 },
    { port: -1 },
    { port: 65_536 },
    { port: 1.5 },
    { port: "80" },
    { port: null },
  ])("has no port where it says $port", ({ port }) => {
    const { graph } = decoded(encode({ graph: { name: "n", endpoint: { httpPort: port } } }));
    expect(graph.endpoint).toEqual({});
  });

  it("is not led astray by names of the prototype", () => {
    const text =
      '{"__proto__":{"name":"x"},"graph":{"name":"__proto__","__proto__":{"type":"ROUTER"}},' +
      '"labels":{"__proto__":"l"},"componentSpecs":[{"spec":{"containers":[{"name":"__proto__","image":"i"},{"name":"toString"}]}}]}';
    const plan = decoded(Buffer.from(text).toString("base64"));
    expect(plan.graph).toEqual({ name: "__proto__", children: [], methods: [], parameters: [] });
    expect(plan.name).toBe("");
    expect(Object.entries(plan.labels)).toEqual([["__proto__", "l"]]);
    expect(Object.entries(plan.images)).toEqual([
      ["__proto__", "i"],
      ["toString", ""],
    ]);
    expect(({} as { type?: string }).type).toBeUndefined();
  });

  it("keeps the image of the first container of a name", () => {
    const containers = [
      { name: "c", image: "a" },
      { name: "c", image: "b" },
      { image: "x" },
      null,
      "odd",
    ];
    const { images } = decoded(
      encode({ graph: { name: "n" }, componentSpecs: [{ spec: { containers } }, null, 1] }),
    );
    expect({ ...images }).toEqual({ c: "a" });
  });

  it("reads base64 in lines, and without its padding", () => {
    const text = encode({ name: "p", graph: { name: "n" } });
    expect(decoded(`${text.slice(0, 9)}\n${text.slice(9)}\n`).name).toBe("p");
    expect(decoded(text.replace(/=+$/, "")).name).toBe("p");
  });

  it.each([
    { name: "no base64", encoded: "{}", path: "ENGINE_PREDICTOR" },
    { name: "base64 of URLs", encoded: "-_-_", path: "ENGINE_PREDICTOR" },
    { name: "no JSON", encoded: Buffer.from("x").toString("base64"), path: "ENGINE_PREDICTOR" },
    { name: "nothing", encoded: "", path: "ENGINE_PREDICTOR" },
    { name: "a list", encoded: encode([]), path: "ENGINE_PREDICTOR" },
    { name: "null", encoded: encode(null), path: "ENGINE_PREDICTOR" },
    { name: "no graph", encoded: encode({}), path: "ENGINE_PREDICTOR.graph" },
    { name: "a graph of text", encoded: encode({ graph: "x" }), path: "ENGINE_PREDICTOR.graph" },
    {
      name: "a nameless node",
      encoded: encode({ graph: {} }),
      path: "ENGINE_PREDICTOR.graph.name",
    },
    {
      name: "a nameless child",
      encoded: encode({ graph: { name: "n", children: [{ name: "a" }, { name: "" }] } }),
      path: "ENGINE_PREDICTOR.graph.children[1].name",
    },
    {
      name: "a child that is none",
      encoded: encode({ graph: { name: "n", children: [null] } }),
      path: "ENGINE_PREDICTOR.graph.children[0]",
    },
    {
      name: "a parameter that is no text",
      encoded: encode({
        graph: { name: "n", parameters: [{ name: "a" }, { name: "ratioA", value: 0.5 }] },
      }),
      path: "ENGINE_PREDICTOR.graph.parameters[1].value",
    },
  ])("says where it cannot read $name", ({ encoded, path }) => {
    expect(issuesOf(encoded).map((issue) => issue.path)).toEqual([path]);
  });

  it("reports every fault", () => {
    const graph = { children: [{}, { name: 5 }] };
    expect(issuesOf(encode({ graph }))).toHaveLength(3);
  });

  it("refuses a graph of hostile depth without running out of stack", () => {
    const text = `{"graph":${'{"name":"n","children":['.repeat(50_000)}${"]}".repeat(50_000)}}`;
    expect(issuesOf(Buffer.from(text).toString("base64"))).toHaveLength(1);
  });

  it("reads or refuses, whatever comes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.record({ graph: fc.jsonValue() })), (value) => {
        const plan = decodePlan(encode(value));
        return plan.ok ? plan.value.graph.name !== "" : plan.issues.length > 0;
      }),
      { seed: 20_261_122, numRuns: 2000 },
    );
  });
});
