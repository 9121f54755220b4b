/**
 * How everybody walks a graph and asks what a node is. Pure and light: the engine imports it too,
 * so the shapes are structural and any tree of named nodes fits.
 */

import { builtInRow } from "./built-ins/all.ts";

/** Anything that has the two fields of a node. */
export type Tree<T> = { readonly name: string; readonly children?: readonly T[] | undefined };

export type Located<T> = { readonly unit: T; readonly path: string };

/** Source: operator contract, 1.2: it stands for "no implementation". */
export const unknownImplementation = "UNKNOWN_IMPLEMENTATION";

type Implemented = { readonly implementation?: string | undefined };

/** Whether the behaviour comes from the node's own container: no implementation is named. */
export const isCustom = ({ implementation }: Implemented): boolean =>
  implementation === undefined || implementation === "" || implementation === unknownImplementation;

/** Whether it runs inside the engine, with no container. Source: engine contract, 6.8. */
export const isBuiltIn = ({ implementation }: Implemented): boolean =>
  builtInRow(implementation) !== undefined;

/** Whether the implementation is a key of `predictor_servers`: any word but the known ones. */
export const isPrepackaged = (unit: Implemented): boolean => !isCustom(unit) && !isBuiltIn(unit);

/** Every node with its field path, parents before children. */
export const locate = <T extends Tree<T>>(root: T, path: string): readonly Located<T>[] => {
  const found: Located<T>[] = [];
  const stack: Located<T>[] = [{ unit: root, path }];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    found.push(next);
    const { unit, path: at } = next;
    const children = (unit.children ?? []).map((child, i) => ({
      unit: child,
      path: `${at}.children[${i}]`,
    }));
    stack.push(...children.reverse());
  }
  return found;
};

/** Every node, parents before children. */
export const walk = <T extends Tree<T>>(root: T): readonly T[] =>
  locate(root, "").map(({ unit }) => unit);

/** The first node of that name, parents before children. */
export const find = <T extends Tree<T>>(root: T, name: string): T | undefined =>
  walk(root).find((unit) => unit.name === name);

export const count = <T extends Tree<T>>(root: T): number => walk(root).length;
