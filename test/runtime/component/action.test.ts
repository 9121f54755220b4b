import { describe, expect, it } from "@jest/globals";
import {
  type Action,
  callRaw,
  isOffered,
  isRaw,
  type Transport,
} from "../../../runtime/component/action.ts";
import { absent } from "../../../runtime/component/call.ts";
import { ComponentError, type Model, NotImplemented } from "../../../runtime/component/user.ts";

/** A model whose methods return their own names. */
const modelOf = (...names: readonly string[]): Model =>
  Object.fromEntries(names.map((name) => [name, () => name]));

describe("callRaw", () => {
  const rows: readonly {
    readonly action: Action;
    readonly transport: Transport;
    readonly methods: readonly string[];
    readonly called: string | undefined;
  }[] = [
    {
      action: "predict",
      transport: "rest",
      methods: ["predictRaw", "predictRest"],
      called: "predictRest",
    },
    {
      action: "predict",
      transport: "grpc",
      methods: ["predictRaw", "predictGrpc"],
      called: "predictGrpc",
    },
    { action: "predict", transport: "rest", methods: ["predictGrpc"], called: undefined },
    { action: "predict", transport: "grpc", methods: ["predictRest"], called: undefined },
    { action: "sendFeedback", transport: "grpc", methods: ["sendFeedbackRest"], called: undefined },
    { action: "predict", transport: "grpc", methods: ["predict"], called: undefined },
    ...(["transformInput", "transformOutput", "route", "aggregate"] as const).flatMap((action) => [
      {
        action,
        transport: "rest" as const,
        methods: [`${action}Raw`, `${action}Grpc`],
        called: `${action}Grpc`,
      },
      {
        action,
        transport: "grpc" as const,
        methods: [`${action}Raw`, `${action}Rest`],
        called: `${action}Rest`,
      },
      {
        action,
        transport: "grpc" as const,
        methods: [`${action}Grpc`, `${action}Rest`],
        called: `${action}Grpc`,
      },
      {
        action,
        transport: "rest" as const,
        methods: [`${action}Grpc`, `${action}Rest`],
        called: `${action}Rest`,
      },
    ]),
  ];
  it.each(rows)(
    "$action over $transport of $methods",
    async ({ action, transport, methods, called }) => {
      const model = modelOf(...methods);
      expect(await callRaw(model, action, transport, {})).toBe(called ?? absent);
      expect(isRaw(model, action, transport)).toBe(called !== undefined);
    },
  );

  it("goes on to the next if one says that it is not there", async () => {
    const model: Model = {
      ...modelOf("predictRaw"),
      predictRest: () => {
        throw new NotImplemented();
      },
    };
    expect(await callRaw(model, "predict", "rest", {})).toBe("predictRaw");
  });

  it("refuses nothing for an answer", async () => {
    const model: Model = { predictRaw: () => undefined };
    await expect(callRaw(model, "predict", "rest", {})).rejects.toThrow(ComponentError);
  });
});

describe("isOffered", () => {
  it.each([
    { action: "predict", method: "predict", offered: true },
    { action: "predict", method: "predictGrpc", offered: true },
    { action: "predict", method: "predictStream", offered: true },
    { action: "predict", method: "inferRaw", offered: true },
    { action: "route", method: "inferRaw", offered: false },
    { action: "route", method: "routeRest", offered: true },
    { action: "aggregate", method: "predict", offered: false },
  ] as const)("$action by $method: $offered", ({ action, method, offered }) => {
    expect(isOffered(modelOf(method), action)).toBe(offered);
  });
});
