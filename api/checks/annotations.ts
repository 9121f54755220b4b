/** The annotations that we read hold what we can read. */

import { at, item } from "../path.ts";
import { nearest } from "../spelling.ts";
import type { SeldonDeployment } from "../types.ts";
import { engineNumbers, wholeNumber } from "../whole-number.ts";
import { type Check, type Finding, fault, warning } from "./check.ts";

/** Source: operator contract, 10; design 5.3.1. */
const numeric = [
  ...engineNumbers,
  "seldon.io/executor-logger-queue-size",
  "seldon.io/executor-logger-write-timeout-ms",
  "seldon.io/istio-retries",
  "seldon.io/istio-retries-timeout",
  "seldon.io/ambassador-retries",
  "seldon.io/ambassador-circuit-breakers-max-connections",
  "seldon.io/ambassador-circuit-breakers-max-pending-requests",
  "seldon.io/ambassador-circuit-breakers-max-requests",
  "seldon.io/ambassador-circuit-breakers-max-retries",
];
const switches = [
  "seldon.io/engine-separate-pod",
  "seldon.io/no-engine",
  "seldon.io/no-storage-initializer",
];
const texts = [
  "seldon.io/svc-name",
  "seldon.io/headless-svc",
  "seldon.io/istio-gateway",
  "seldon.io/istio-host",
  "seldon.io/ambassador-config",
  "seldon.io/ambassador-service-name",
  "seldon.io/ambassador-header",
  "seldon.io/ambassador-regex-header",
  "seldon.io/ambassador-id",
  "seldon.io/last-applied",
  "espalier.io/gateway",
  "espalier.io/host",
  "espalier.io/grpc-gateway",
  "espalier.io/grpc-host",
];
const known = [...numeric, ...switches, ...texts];

type Annotations = { readonly [key: string]: string } | undefined;

/** Who is annotated. */
export type Place = "metadata" | "spec" | "predictor" | "component";

type Annotated = readonly [place: Place, path: string, annotations: Annotations];

/** Every place that has annotations. */
const places = ({ metadata, spec }: SeldonDeployment): readonly Annotated[] => [
  ["metadata", "metadata.annotations", metadata.annotations],
  ["spec", "spec.annotations", spec.annotations],
  ...spec.predictors.flatMap((predictor, i): Annotated[] => {
    const path = item("spec.predictors", i);
    return [
      ["predictor", at(path, "annotations"), predictor.annotations],
      ...(predictor.componentSpecs ?? []).map((component, j): Annotated => {
        const where = `${item(at(path, "componentSpecs"), j)}.metadata.annotations`;
        return ["component", where, component.metadata?.annotations];
      }),
    ];
  }),
];

/** A check of each annotation by itself. */
export const perAnnotation =
  (check: (key: string, value: string, path: string, place: Place) => readonly Finding[]): Check =>
  ({ deployment }) =>
    places(deployment).flatMap(([place, path, annotations]) =>
      Object.entries(annotations ?? {}).flatMap(([key, value]) =>
        check(key, value, at(path, key), place),
      ),
    );

/** A number is a number; a timeout that cannot be read would stop the engine from starting. */
export const numbersAreNumbers: Check = perAnnotation((key, value, path) => {
  if (!numeric.includes(key)) return [];
  if (/^\d+$/.test(value) && Number(value) < 2 ** 31) return [];
  if (engineNumbers.includes(key) && wholeNumber(key, value) !== undefined) {
    return value.startsWith("-") ? [warning(path, `"${value}" is no limit; remove it`)] : [];
  }
  return [
    fault(path, `"${value}" is not a whole number; write one from 0 to 2147483647, in quotes`),
  ];
});

/** A switch is on with `true`; any other word leaves it off. */
export const switchesAreSwitched: Check = perAnnotation((key, value, path) => {
  if (!switches.includes(key) || /^(true|false)$/i.test(value)) return [];
  return [warning(path, `"${value}" counts as false; write "true" or "false"`)];
});

const nameOf = (key: string): string => key.slice(key.indexOf("/") + 1);

/** An annotation that is almost one of ours is a slip. */
export const annotationsAreKnown: Check = perAnnotation((key, _value, path) => {
  const isOurs = key.startsWith("seldon.io/") || key.startsWith("espalier.io/");
  if (!isOurs || known.includes(key) || key.startsWith("seldon.io/engine-")) return [];
  const meant = nearest(nameOf(key), known.map(nameOf));
  const whole = known.find((each) => nameOf(each) === meant);
  return whole === undefined ? [] : [warning(path, `is read by nobody; did you mean "${whole}"?`)];
});
